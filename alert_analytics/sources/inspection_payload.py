"""Which source's payloads a JSON file holds: each is asked whether it would take them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from alert_analytics.errors import SourceError
from alert_analytics.sources.alertmanager import Alertmanager
from alert_analytics.sources.documents import documents
from alert_analytics.sources.grafana import Grafana
from alert_analytics.sources.inspection_text import head_of
from alert_analytics.sources.opsgenie import Opsgenie
from alert_analytics.sources.pagerduty import PagerDuty
from alert_analytics.sources.payload import PayloadSource
from alert_analytics.sources.prometheus import Prometheus
from alert_analytics.sources.servicenow_table import ServiceNowTable
from alert_analytics.sources.splitting import payloads_in
from alert_analytics.tables import counted, printable

_SOURCES: dict[str, type[PayloadSource[Any]]] = {
    "alertmanager": Alertmanager,
    "grafana": Grafana,
    "opsgenie": Opsgenie,
    "pagerduty": PagerDuty,
    "prometheus": Prometheus,
    "servicenow_table": ServiceNowTable,
}
_LOOKED_AT = 200  # documents, from the beginning
_KEYS = 12  # that are listed
_PACKED, _BOM = b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"


class Payloads(NamedTuple):
    """What a file of payloads holds.

    Attributes
    ----------
    source : str
        The name of the source that reads it.
    n_payloads : int
        In the whole file.
    because : str
        How one can tell.
    warnings : tuple of str
        What to check.
    """

    source: str
    n_payloads: int
    because: str
    warnings: tuple[str, ...]

    def told(self, severities: Mapping[str, str]) -> tuple[str, str]:
        """Write the source as Python and as options of the command line, with words for severities.

        Raises
        ------
        SourceError
            It takes no words for severities.
        """
        options = f"--source {self.source}"
        if not severities:
            return repr(self.source), options
        made: Any = _SOURCES[self.source]
        if "severities" not in getattr(made, "__dataclass_fields__", ()):
            raise SourceError(f"--severity: {self.source} takes no words for severities.", hint="leave it out.")
        made(severities=dict(severities))  # refuses what is no severity of ours
        words = shlex.join(part for word, ours in severities.items() for part in ("--severity", f"{word}={ours}"))
        return f"aa.sources.{made.__name__}(severities={dict(severities)!r})", f"{options} {words}"


def is_json(path: Path) -> bool:
    """Whether a file begins as JSON does; a zstd file can be nothing else that we read."""
    if not path.is_file() or not path.stat().st_size:
        return False
    head = head_of(path)
    return head.startswith(_PACKED) or head.removeprefix(_BOM).lstrip()[:1] in (b"{", b"[")


def payloads_of(path: Path) -> Payloads:
    """Find the source whose payloads a file holds.

    Parameters
    ----------
    path : Path
        A file of JSON: an object, an array, or JSON lines; also gzip or zstd.

    Returns
    -------
    Payloads
        The source whose form the most of the first payloads have.

    Raises
    ------
    SourceError
        None has the form of a source's payloads, or the file cannot be read to its end.
    """
    texts = [one.text for one in islice(documents(str(path)), _LOOKED_AT)]
    asked = {name: _asked(made, texts) for name, made in _SOURCES.items()}
    says_org = any('"orgId"' in text for text in texts)  # Grafana's webhook is Alertmanager's with more
    best = max(asked, key=lambda name: (asked[name].n_fitting, asked[name].n_told, says_org and name == "grafana"))
    found = asked[best]
    if not found.n_fitting:
        keys = _keys(texts)
        raise SourceError(
            f"{path}: JSON{f' with the keys {keys}' if keys else ''}, of which no source reads any as an alert.",
            hint=f"payloads that are read are those of {', '.join(_SOURCES)}; export anything else as CSV or Parquet, "
            "one row an alert, or write a PayloadSource for it in Python.",
        )
    looked_at = f"{counted(found.n_payloads, 'payload')} looked at"
    warnings: tuple[str, ...] = ()
    if found.n_told < found.n_payloads:
        why = "" if found.reason is None else f" ({printable(found.reason)})"
        warnings = (f"{found.n_payloads - found.n_told:,} of {looked_at} will tell of no alert{why}.",)
    n = sum(1 for _ in documents(str(path), _SOURCES[best].envelope))
    because = f"{found.n_fitting:,} of {looked_at} {'has' if found.n_fitting == 1 else 'have'} its form"
    return Payloads(best, n, because, warnings)


class _Asked(NamedTuple):
    """How many payloads a source finds, how many look like its own, and of how many it can tell an alert."""

    n_payloads: int
    n_fitting: int
    n_told: int
    reason: str | None


def _asked(made: type[PayloadSource[Any]], texts: Sequence[str]) -> _Asked:
    source, payloads = made(), [one for text in texts for one in payloads_in(text, made.envelope)]
    n_fitting, n_told, reason = 0, 0, None
    for payload in payloads:
        try:
            found = source.model.model_validate_json(payload)
        except ValueError:
            continue
        n_fitting += 1
        try:
            n_told += any(True for _ in source.events(found))
        except (ValueError, ArithmeticError, RecursionError) as error:
            reason = reason or str(error)
    return _Asked(len(payloads), n_fitting, n_told, reason)


def _keys(texts: Sequence[str]) -> str:
    """The keys of the first object, those at its top."""
    for text in texts:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            shown = ", ".join(map(printable, list(found)[:_KEYS]))
            return shown + (", ..." if len(found) > _KEYS else "")
    return ""
