"""Alerts and rules as the first specification writes them, and what they refuse."""

from __future__ import annotations

import math
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest
from pydantic import ValidationError

import alert_analytics.alerts as room
from alert_analytics.alerts import ALERT_SCHEMA, Alert, AlertRule, AlertSeverity, AlertStatus, alerts_table
from alert_analytics.errors import ConditionError, HistoryError

T = datetime(2024, 3, 1, 10)


def rule(**changes: Any) -> AlertRule:
    return AlertRule(
        **{
            "name": "High CPU Usage",
            "condition": "cpu_usage > 80",
            "severity": AlertSeverity.CRITICAL,
            "evaluation_window": timedelta(minutes=5),
            **changes,
        }
    )


def alert(**changes: Any) -> Alert:
    return Alert(
        **{
            "rule_id": rule().id,
            "message": "CPU usage exceeded threshold",
            "severity": AlertSeverity.CRITICAL,
            "metadata": {"cpu_usage": 85.2, "instance": "web-01"},
            **changes,
        }
    )


class TestRule:
    def test_id_depends_on_tenant_and_name_only(self) -> None:
        assert rule().id == rule(condition="x > 1", severity="low").id
        assert rule().id.version == 5
        ids = {rule().id, rule(name="Other").id, rule(tenant_id="acme").id, rule(tenant_id="default:High").id}
        assert len(ids) == 4

    def test_matches(self) -> None:
        assert rule().matches({"cpu_usage": 85.2})
        assert not rule().matches({"cpu_usage": 80})
        assert not rule().matches({"cpu_usage": None})
        assert str(rule().expression) == "cpu_usage > 80"

    def test_a_wrong_condition_is_refused_when_the_rule_is_made(self) -> None:
        with pytest.raises(ConditionError, match="character 12: found the end"):
            rule(condition="cpu_usage >")

    def test_the_window_is_longer_than_zero(self) -> None:
        with pytest.raises(HistoryError, match=r"evaluation_window is 0:00:00, expected longer than zero"):
            rule(evaluation_window=timedelta(0))

    def test_it_is_frozen(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            rule().name = "x"

    def test_two_equal_rules_are_equal_whether_used_or_not(self) -> None:
        used = rule()
        used.matches({"cpu_usage": 1})
        assert used == rule()


class TestAlert:
    def test_defaults(self) -> None:
        before = datetime.now(UTC).replace(tzinfo=None)
        made = alert()
        assert before <= made.fired_at <= datetime.now(UTC).replace(tzinfo=None)
        assert made.tenant_id == "default"
        assert made.rule == str(rule().id)
        assert made.status is AlertStatus.FIRING
        assert made.labels == {}

    def test_fingerprint_is_the_rule_and_the_metadata(self) -> None:
        assert alert().fingerprint == alert(metadata={"instance": "web-01", "cpu_usage": 85.2}).fingerprint
        others = {alert().fingerprint, alert(metadata={}).fingerprint, alert(rule_id=rule(name="x").id).fingerprint}
        assert len(others) == 3

    def test_id_is_a_hash_of_tenant_source_fingerprint_and_time(self) -> None:
        one = alert(fired_at=T)
        assert one.alert_id == alert(fired_at=T, message="other words").alert_id
        ids = {one.alert_id, alert(fired_at=T + timedelta(microseconds=1)).alert_id}
        ids |= {alert(fired_at=T, **{name: "x"}).alert_id for name in ("tenant_id", "source", "fingerprint")}
        assert len(ids) == 5
        assert hash(one) == hash(alert(fired_at=T))

    def test_the_database_computes_the_same_id(self) -> None:
        one = alert(fired_at=datetime(1969, 7, 20, 20, 17, 40, 123457), source='a"ü\\')
        row = duckdb.connect().execute(
            "SELECT md5(to_json([$t, $s, $f, epoch_us($at::TIMESTAMP)::VARCHAR]))",
            {"t": one.tenant_id, "s": one.source, "f": one.fingerprint, "at": one.fired_at},
        )
        assert row.fetchall() == [(one.alert_id,)]

    def test_zoned_times_become_utc_and_naive_ones_are_utc(self) -> None:
        zoned = T.replace(tzinfo=timezone(timedelta(hours=2)))
        made = alert(fired_at=zoned, resolved_at=T)
        assert made.fired_at == datetime(2024, 3, 1, 8)
        assert made.fired_at.tzinfo is None
        assert made.resolved_at == T

    def test_status_follows_the_times(self) -> None:
        assert alert(fired_at=T, acknowledged_at=T).status is AlertStatus.ACKNOWLEDGED
        assert alert(fired_at=T, acknowledged_at=T, resolved_at=T).status is AlertStatus.RESOLVED
        assert alert(status="suppressed").status is AlertStatus.SUPPRESSED

    @pytest.mark.parametrize("name", ["resolved_at", "acknowledged_at"])
    def test_nothing_ends_before_it_began(self, name: str) -> None:
        with pytest.raises(HistoryError, match=rf"{name} .* precedes fired_at .* \(-42\.0 s\)\. Hint: "):
            alert(fired_at=T, **{name: T - timedelta(seconds=42)})

    def test_resolved_needs_a_time(self) -> None:
        with pytest.raises(HistoryError, match="status is resolved, but there is no resolved_at"):
            alert(status="resolved")

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"severity": "loud"}, r"Alert: severity is 'loud': input should be 'info', .*\. Hint: "),
            ({"rule_id": "x"}, "rule_id is 'x': input should be a valid UUID"),
            ({"colour": 1}, "colour is 1: extra inputs are not permitted"),
            ({"fired_at": "noon"}, "fired_at is 'noon'"),
        ],
    )
    def test_wrong_fields(self, changes: dict[str, Any], message: str) -> None:
        with pytest.raises(HistoryError, match=message):
            alert(**changes)

    def test_a_missing_rule_is_named_once(self) -> None:
        with pytest.raises(HistoryError) as caught:
            Alert()  # type: ignore[call-arg]
        assert caught.value.message == "Alert: rule_id field required."

    def test_severity_may_be_absent(self) -> None:
        assert Alert(rule_id=rule().id).severity is None


class TestTable:
    def test_columns_and_values(self) -> None:
        zone = timezone(timedelta(hours=2))
        metadata = {"z": math.nan, "a": UUID(int=1), "t": T.replace(tzinfo=zone)}
        made = alert(fired_at=T, labels={"team": "db"}, value=2, metadata=metadata)
        table = alerts_table([made, alert(fired_at=T, resolved_at=T, severity=None)])
        assert table.schema == ALERT_SCHEMA
        first, second = table.to_pylist()
        assert first["severity"] == "critical"
        assert first["rule"] == str(rule().id)
        assert first["alert_id"] == made.alert_id
        assert first["labels"] == [("team", "db")]
        assert first["fired_at"] == T
        assert first["value"] == 2.0
        assert first["metadata"].startswith('{"a":"00000000-0000-0000-0000-000000000001","t":"2024-03-01T10:00:00+02')
        assert first["metadata"].endswith('"z":null}')
        assert second["status"] == "resolved"
        assert second["severity"] is None

    def test_none_at_all(self) -> None:
        assert alerts_table([]).num_rows == 0
        assert alerts_table(iter(())).schema == ALERT_SCHEMA

    def test_types_are_arrow_types_of_the_canonical_columns(self) -> None:
        assert ALERT_SCHEMA.field("fired_at").type == pa.timestamp("us")
        assert ALERT_SCHEMA.field("labels").type == pa.map_(pa.string(), pa.string())


class TestRoom:
    def test_every_public_name_is_there(self) -> None:
        assert dir(room) == sorted(room.__all__)
        assert all(getattr(room, name) is not None for name in room.__all__)

    def test_other_names_are_not(self) -> None:
        with pytest.raises(AttributeError, match="has no attribute 'Alarm'"):
            _ = room.Alarm

    def test_parsing_does_not_load_pydantic(self) -> None:
        code = "import sys; from alert_analytics.alerts import parse; print('pydantic' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "False"
