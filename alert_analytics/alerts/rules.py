"""A rule: the condition under which an alert fires."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Field, field_validator

from alert_analytics.alerts.conditions import Expression, evaluate, parse
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
    tenant_id : str
        Whose rule it is.
    description : str
        For people.

    Raises
    ------
    ConditionError
        The condition does not parse.
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
    tenant_id: str = Field(default="default", min_length=1)
    description: str = ""

    @field_validator("condition")
    @classmethod
    def _check_condition(cls, text: str) -> str:
        parse(text)
        return text

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
