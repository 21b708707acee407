"""The audit chain, pseudonyms, and what counts as naming a person."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alert_analytics.alerts.compliance import (
    BEGINNING,
    AuditCheck,
    AuditRecord,
    Copies,
    ErasureReport,
    RetentionReport,
    SubjectExport,
    canonical_json,
    verify,
)
from alert_analytics.alerts.pseudonyms import Identifiers, pseudonym
from alert_analytics.errors import PrivacyError

DAY = datetime(2026, 3, 1)


def chain(n: int) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for i in range(n):
        last = records[-1] if records else None
        records.append(AuditRecord.after(last, DAY + timedelta(hours=i), "erase", {"rows": i}))
    return records


# -- the chain ----------------------------------------------------------------------------------------------------


def test_a_chain_begins_somewhere_and_each_record_holds_the_one_before() -> None:
    first, second = chain(2)
    assert (first.seq, first.previous_hash, second.seq, second.previous_hash) == (1, BEGINNING, 2, first.hash)
    assert verify([]) is None
    assert verify([first, second]) is None


def test_the_hash_is_that_of_the_content_in_one_way_of_writing_it() -> None:
    """The hash itself, worked out apart: it must stay the same in later versions."""
    import hashlib

    text = (
        '{"action":"erase","at":"2026-03-01T00:00:00.000000","details":{"a":1,"b":"\\u00e9"},'
        f'"previous_hash":"{BEGINNING}","seq":1}}'
    )
    record = AuditRecord.after(None, DAY, "erase", {"b": "é", "a": 1})
    assert record.hash == hashlib.sha256(text.encode()).hexdigest()
    assert canonical_json({"b": 1, "a": [True, None]}) == '{"a":[true,null],"b":1}'


def test_a_moment_is_the_same_in_every_zone() -> None:
    there = timezone(timedelta(hours=2))
    records = [AuditRecord.after(None, at, "x", {}) for at in (DAY, DAY.replace(tzinfo=UTC), DAY.astimezone(there))]
    assert records[0] == records[1]
    assert records[0].at == DAY
    assert AuditRecord.after(None, DAY.replace(tzinfo=UTC).astimezone(there), "x", {}) == records[0]


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 6),
    st.data(),
)
def test_whatever_is_changed_breaks_the_chain_there(n: int, data: st.DataObject) -> None:
    records = chain(n)
    place = data.draw(st.integers(0, n - 1))
    change: dict[str, Any] = data.draw(
        st.sampled_from(
            [
                {"action": "retain"},
                {"details": {"rows": -1}},
                {"at": DAY - timedelta(1)},
                {"seq": 99},
                {"hash": "0" * 64},
            ]
        )
    )
    records[place] = replace(records[place], **change)
    assert verify(records) == place + 1


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_record_that_was_taken_out_is_missed(gone: int) -> None:
    records = chain(4)
    del records[gone]
    assert verify(records) == gone + 1


def test_one_who_hashes_anew_is_found_out_by_the_next_record() -> None:
    records = chain(3)
    records[0] = AuditRecord.after(None, DAY, "erase", {"rows": 77})
    assert verify(records) == 2


def test_a_chain_cut_off_at_its_end_is_sound_as_far_as_it_goes() -> None:
    assert verify(chain(3)[:2]) is None


# -- pseudonyms ---------------------------------------------------------------------------------------------------


def test_a_pseudonym_is_a_keyed_hash() -> None:
    import hashlib
    import hmac

    digest = hmac.new(b"key", b"ann@example.com", hashlib.sha256).hexdigest()
    assert pseudonym(b"key", " Ann@Example.com") == f"person-{digest[:20]}"
    assert pseudonym(b"other", "ann@example.com") != pseudonym(b"key", "ann@example.com")
    assert pseudonym(b"key", "Zo\u00eb") == pseudonym(b"key", "ZOE\u0308")


# -- what names a person ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifier", "text", "made"),
    [
        ("ann", "ann", "X"),
        ("ann", "ANN, Ann; (ann) ann-marie svc_ann ann@example.com", "X, X; (X) X-marie svc_X X@example.com"),
        ("ann", "planning annual ann1 1ann hannah", None),
        ("ann", "ann ann ann", "X X X"),
        ("ann", "", None),
        ("ann@example.com", "to=ann%40example.com&x=1", "to=X&x=1"),
        ("ann@example.com", "%20ann%40EXAMPLE.com%20", "%20X%20"),
        ("ann lee", "q=ann+lee&r=ann%20lee", "q=X&r=X"),
        ("zoë", '{"a": "zo\\u00eb", "b": "ZO\\u00CB", "c": "zoe\u0308"}', '{"a": "X", "b": "X", "c": "X"}'),
        ("zoë", "zo%C3%AB", "X"),
        ("zoë", '{"inner": "{\\"a\\": \\"zo\\\\u00eb\\"}"}', '{"inner": "{\\"a\\": \\"X\\"}"}'),
        ("Weiß", "weiß WEISS weiss", "X X X"),
        ("a/b/ann", '{"path": "a\\/b\\/ann"}', '{"path": "X"}'),
        ('ann "the" lee', '{"n": "ann \\"the\\" lee"}', '{"n": "X"}'),
        ('ann "the" lee', 'n,"ann ""the"" lee"', 'n,"X"'),
        ("ann", '{"m": "line\\nann\\tann"}', '{"m": "line\\nX\\tX"}'),
        ("ann", '{"m": "\\u00e9ann \\u002cann\\u002c"}', '{"m": "\\u00e9ann \\u002cX\\u002c"}'),
        ("anné", json.dumps({"m": "anné\\é"}), '{"m": "X\\\\\\u00e9"}'),
        ("nora", '{"m": "so\\nora"}', None),
        ("nora", "C:\\nora", "C:\\X"),
        ("nora", '{"path": "C:\\\\nora"}', '{"path": "C:\\\\X"}'),
        ("\U00010401\U00010402\U00010403", '"\\ud801\\udc29\\ud801\\udc2a\\ud801\\udc2b"', '"X"'),
        ("王小明", "由王小明处理", "由X处理"),
        ("ann", "annさん", "Xさん"),
        ("+49 170 555", "call +49 170 555.", "call X."),
        ("10422", "by 10422, not 104220 or 2026-10422", "by X, not 104220 or 2026-X"),
    ],
)
def test_an_identifier_is_found_as_a_word_however_it_is_written(identifier: str, text: str, made: str | None) -> None:
    person = Identifiers.of(identifier)
    assert person.found_in(text) is (made is not None)
    assert person.replaced(text, ["X"]) == (text if made is None else made)
    assert not Identifiers.of(identifier).found_in(person.replaced(text, ["X"]))


def test_of_several_identifiers_the_longest_is_taken_where_it_fits() -> None:
    person = Identifiers.of(["ann", "ann@example.com", "ANN"])
    assert person.texts == ("ann@example.com", "ANN")
    assert person.replaced("ann, ann@example.com, ann@example.community", ["L", "S"]) == "S, L, S@example.community"


def test_lists_and_mappings_are_looked_into() -> None:
    person = Identifiers.of("ann")
    value = {"ann": [("who", "ann"), ("n", 3)], "x": None}
    assert person.found_in(value)
    assert person.replaced(value, ["X"]) == {"X": [("who", "X"), ("n", 3)], "x": None}
    assert not person.found_in({"n": [1, None, 2.5]})


@pytest.mark.parametrize(
    "identifier", ["", "  ", "an", "@@@", "1234", "王", "a\nb c", "x" * 201, "Critical", "fire", "erase"]
)
def test_what_cannot_be_taken_out_is_refused_without_repeating_it(identifier: str) -> None:
    with pytest.raises(PrivacyError, match="An identifier") as refused:
        Identifiers.of(["somebody", identifier])
    assert identifier.strip() == "" or len(identifier) < 4 or identifier not in str(refused.value)


def test_no_identifier_and_no_text() -> None:
    with pytest.raises(PrivacyError, match="No identifier"):
        Identifiers.of([])
    with pytest.raises(PrivacyError, match="is a int; expected text"):
        Identifiers.of([3])  # type: ignore[list-item]
    assert repr(Identifiers.of("somebody")) == "<1 identifiers of a person>"


WORDS = st.text(alphabet='anAN1é _-@."\\/n\nu', max_size=12)


@settings(max_examples=300, deadline=None)
@given(WORDS, WORDS)
def test_in_json_it_is_found_where_it_is_in_the_text(before: str, after: str) -> None:
    """Escaping a text, once or twice, in ASCII or not, hides nobody."""
    person, text = Identifiers.of("anné"), f"{before}anné{after}"
    if not person.found_in(text):
        return
    for ascii_only in (True, False):
        once = json.dumps({"m": text}, ensure_ascii=ascii_only)
        twice = json.dumps(once, ensure_ascii=ascii_only)
        for one in (once, twice, once.replace("/", "\\/")):
            assert person.found_in(one)
        made = json.loads(person.replaced(once, ["person-x"]))
        assert not person.found_in(made["m"])


@settings(max_examples=300, deadline=None)
@given(WORDS)
def test_what_is_replaced_is_no_longer_found(text: str) -> None:
    person = Identifiers.of("ann")
    assert not person.found_in(person.replaced(text, ["person-0123456789abcdef0123"]))


# -- reports ------------------------------------------------------------------------------------------------------


def test_reports_say_what_was_done_in_words() -> None:
    copies = Copies(("/b/one",), ("/b/two",))
    erasure = ErasureReport(("person-1", "person-2"), True, {"quarantine": 1, "alert_events": 2, "cursors": 0}, copies)
    assert erasure.sentence == (
        "3 rows named the person (2 in alert_events, 1 in quarantine); the file was rewritten with person-1, person-2 "
        "in its place. 1 backup rewritten too. Not found, so untouched: /b/two."
    )
    assert erasure.to_dict()["backups"] == {"rewritten": ("/b/one",), "missing": ("/b/two",)}
    assert ErasureReport(("person-1",), False, {}, Copies(("/b/one",))).sentence == (
        "No row of the store named the person, who is person-1 in its backups now. 1 backup rewritten too."
    )
    assert ErasureReport((), False, {}).sentence == "Nobody of that name was found; nothing was changed."
    retention = RetentionReport(DAY, 1, 2, 3)
    assert retention.sentence == (
        "1 alert that ended before 2026-03-01 00:00:00 went, with 2 events and 3 rows that had been set aside."
    )
    assert retention.to_dict()["n_events"] == 2
    export = SubjectExport({"alerts": [{"message": "é"}], "cursors": []})
    assert (export.n_rows, export.sentence) == (1, "1 row names the person (1 in alerts).")
    assert json.loads(export.to_json()) == {"alerts": [{"message": "é"}], "cursors": []}
    assert SubjectExport({"alerts": []}).sentence == "No row names the person."
    assert AuditCheck(2, None, "ff").sentence == "The audit chain of 2 records is sound; its head is ff."
    assert AuditCheck(3, 2, "ff").sentence == "The audit chain is broken at record 2 of 3."
    assert not AuditCheck(3, 2, "ff").is_sound
