"""The base of the records: frozen, strict about names, with times in UTC and errors in the library's own words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from alert_analytics.errors import AlertAnalyticsError, HistoryError


def utc_now() -> datetime:
    """Read the clock.

    Returns
    -------
    datetime
        Now, in UTC without a zone.
    """
    return datetime.now(UTC).replace(tzinfo=None)


def naive_utc(moment: datetime) -> datetime:
    """Bring a time to UTC without a zone.

    Parameters
    ----------
    moment : datetime
        With a zone, it is converted; without one, it is UTC already.

    Returns
    -------
    datetime
        Without a zone.
    """
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


UtcTime: TypeAlias = Annotated[datetime, AfterValidator(naive_utc)]


class Record(BaseModel):
    """A frozen record. A wrong field raises the library's error, not pydantic's.

    Raises
    ------
    HistoryError
        A field has the wrong type, is missing, or is not one of the record's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Hidden from type checkers, which take the parameters from the fields.
    if not TYPE_CHECKING:

        def __init__(self, **fields: Any) -> None:
            try:
                super().__init__(**fields)
            except ValidationError as error:
                raise _translated(type(self).__name__, error) from error


def _translated(record: str, error: ValidationError) -> AlertAnalyticsError:
    problems = error.errors(include_url=False)
    for problem in problems:
        ours = problem.get("ctx", {}).get("error")
        if isinstance(ours, AlertAnalyticsError):
            return ours
    said = []
    for problem in problems:
        if problem["type"] == "default_factory_not_called":
            continue  # a consequence of another field's problem
        field = ".".join(map(str, problem["loc"]))
        found = "" if problem["type"] == "missing" else f" is {problem['input']!r}:"
        said.append(f"{field}{found} {problem['msg'][:1].lower()}{problem['msg'][1:]}")
    return HistoryError(f"{record}: {'; '.join(said)}.", hint=f"help({record}) lists the fields.")
