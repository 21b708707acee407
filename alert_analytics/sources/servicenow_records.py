"""A record as ServiceNow's Table API gives it: fields in three ways of writing, times and counts as texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from alert_analytics.sources.words import as_text

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


class Cell(NamedTuple):
    """One field of a record: what the database holds, and what a person is shown."""

    value: str | None = None
    shown: str | None = None

    @property
    def text(self) -> str | None:
        """What it says to a reader: of a reference the name where it is there, else the identifier."""
        return self.shown or self.value


def cell_of(given: Any) -> Cell:
    """Read a field in any of the three ways in which the API writes one; an empty text is nothing."""
    if isinstance(given, Cell):
        return given
    if isinstance(given, dict):
        if not {"value", "display_value"} & set(given):
            raise ValueError("expected value or display_value")
        return Cell(_plain(given.get("value")), _plain(given.get("display_value")))
    return Cell(_plain(given))


def _plain(given: Any) -> str | None:
    if given is None or given == "":
        return None
    if isinstance(given, (dict, list)):
        raise ValueError("expected a text, or an object with value or display_value")
    return as_text(given)


Shown = Annotated[Cell, BeforeValidator(cell_of)]
_NOTHING = Cell()


class TableRecord(BaseModel):
    """A record of the incident table; whatever other fields it has can become labels."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]

    number: Shown
    state: Shown = Field(validation_alias=AliasChoices("state", "incident_state"))
    opened_at: Shown = Field(validation_alias=AliasChoices("opened_at", "sys_created_on"))
    updated_at: Shown = Field(validation_alias=AliasChoices("sys_updated_on", "sys_updated_at"))
    resolved_at: Shown = _NOTHING
    closed_at: Shown = _NOTHING
    sys_id: Shown = _NOTHING
    sys_mod_count: Shown = _NOTHING
    reassignment_count: Shown = _NOTHING
    reopen_count: Shown = _NOTHING
    short_description: Shown = _NOTHING
    category: Shown = _NOTHING
    cmdb_ci: Shown = _NOTHING
    assignment_group: Shown = _NOTHING
    assigned_to: Shown = _NOTHING
    priority: Shown = _NOTHING
    close_code: Shown = _NOTHING

    @model_validator(mode="before")
    @classmethod
    def _single(cls, value: Any) -> Any:
        """The API gives a single record under ``result``."""
        return value["result"] if isinstance(value, dict) and isinstance(value.get("result"), dict) else value


def moment_of(cell: Cell, name: str, zone: ZoneInfo | None) -> datetime | None:
    """A time: in UTC as the database holds it, or in the zone of whoever asked as it is shown."""
    text = cell.value if zone is None else cell.value or cell.shown
    if text is None:
        if cell.shown is not None:
            raise ValueError(f"{name} has a display value only")
        return None
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=zone or UTC)
    except ValueError:
        pass  # the 30th of February
    raise ValueError(f"{name} is no time in the format YYYY-MM-DD HH:MM:SS")


def count_of(cell: Cell, name: str) -> int | None:
    """A number; people are shown it with separators."""
    text = cell.value
    if text is None:
        return None
    if not text.replace(",", "").isdecimal():
        raise ValueError(f"{name} is no whole number")
    return int(text.replace(",", ""))
