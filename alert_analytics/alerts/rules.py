"""A rule: the condition under which an alert fires."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Field, field_validator

from alert_analytics.alerts.conditions import Expression, Not, evaluate, parse
from alert_analytics.alerts.record import Record
from alert_analytics.alerts.states import AlertSeverity
from alert_analytics.errors import HistoryError

_NAMESPACE = uuid5(NAMESPACE_URL, "https://alert-analytics.invalid/rule")


class AlertRule(Record):
    """A named condition with the severity of the alerts that it fires.

    Parameters
    ----------
    name : str
        Unique within a tenant.
    condition : str
        In the language of :mod:`alert_analytics.alerts.conditions`.
    severity : AlertSeverity
        Or its word.
    evaluation_window : timedelta
        The span of samples that one evaluation looks at; longer than zero.
    hold_for : timedelta
        For how long the condition has to hold before the rule fires (Prometheus' ``for``); zero fires at once.
    clear_condition : str, optional
        What ends an alert (hysteresis), in the same language; by default that the condition no longer holds.
    dedup_window : timedelta
        What fires within this of the alert last told, for the same values of `group_by`, joins that alert.
    group_by : tuple of str
        Columns that samples must share for their alerts to be joined; none at all joins within an entity.
    tenant_id : str
        Whose rule it is.
    description : str
        For people.

    Raises
    ------
    ConditionError
        A condition does not parse.
    HistoryError
        Another field is wrong.

    Examples
    --------
    >>> rule = AlertRule(name="High CPU Usage", condition="cpu_usage > 80", severity=AlertSeverity.CRITICAL,
    ...                  evaluation_window=timedelta(minutes=5))
    >>> rule.matches({"cpu_usage": 85.2})
    True
    """

    name: str = Field(min_length=1)
    condition: str
    severity: AlertSeverity
    evaluation_window: timedelta = timedelta(minutes=5)
    hold_for: timedelta = timedelta(0)
    clear_condition: str | None = None
    dedup_window: timedelta = timedelta(0)
    group_by: tuple[str, ...] = ()
    tenant_id: str = Field(default="default", min_length=1)
    description: str = ""

    @field_validator("condition", "clear_condition")
    @classmethod
    def _check_condition(cls, text: str | None) -> str | None:
        if text is not None:
            parse(text)
        return text

    @field_validator("hold_for", "dedup_window")
    @classmethod
    def _check_length(cls, length: timedelta) -> timedelta:
        if length < timedelta(0):
            raise HistoryError(
                f"AlertRule: hold_for or dedup_window is {length}, expected zero or longer.",
                hint="timedelta(minutes=5).",
            )
        return length

    @field_validator("evaluation_window")
    @classmethod
    def _check_window(cls, window: timedelta) -> timedelta:
        if window <= timedelta(0):
            raise HistoryError(
                f"AlertRule: evaluation_window is {window}, expected longer than zero.", hint="timedelta(minutes=5)."
            )
        return window

    @property
    def id(self) -> UUID:
        """A uuid5 of tenant and name: the same rule has the same id in every process."""
        # The length keeps ("a", "bc") and ("ab", "c") apart.
        return uuid5(_NAMESPACE, f"{len(self.tenant_id)}:{self.tenant_id}:{self.name}")

    @cached_property
    def expression(self) -> Expression:
        """The parsed condition."""
        return parse(self.condition)

    @cached_property
    def clear_expression(self) -> Expression:
        """The parsed condition that ends an alert."""
        return Not(self.expression) if self.clear_condition is None else parse(self.clear_condition)

    def matches(self, sample: Mapping[str, object]) -> bool:
        """Say whether the rule would fire on one sample.

        Parameters
        ----------
        sample : mapping of str to object
            The value of every name in the condition; None where it is unknown.

        Returns
        -------
        bool
            False also where the answer is unknown.

        Raises
        ------
        ConditionError
            The sample lacks a name of the condition, or a value is of another kind than the condition's.
        """
        return evaluate(self.expression, sample) is True
