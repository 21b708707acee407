"""Identifiers of persons: finding them in any text, however it is escaped, and what stands in their place."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from alert_analytics.alerts.events import EventKind
from alert_analytics.alerts.states import AlertResolution, AlertSeverity, AlertStatus
from alert_analytics.errors import PrivacyError

PREFIX = "person-"
_HEX_DIGITS = 20
_MOST = 200  # characters of an identifier
_OWN = (
    "audit",
    "backup",
    "default",
    "erase",
    "export",
    "false",
    "forget",
    "null",
    "person",
    "restore",
    "retain",
    "true",
    "unknown",
)
_WORDS = frozenset({*_OWN, *EventKind, *AlertResolution, *AlertSeverity, *AlertStatus})
# Scripts that write no space between words.
_UNSPACED = ("CJK ", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
_PARTS = re.compile(r"(\s+|[sS]{2}|.)", re.DOTALL)
# White space: as it is (to RE2 \s is of ASCII alone), as the escapes of JSON, and percent-encoded.
_SPACES = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_BLANKS = (
    rf"(?:[\s\x0b{_SPACES}]|\\+[fnrt]|\\+u(?:00(?:09|0a|0b|0c|0d|20|a0)|20(?:0[0-9a]|2f|5f)|3000)"
    r"|%(?:09|0a|0d|20|c2%a0|e2%80%(?:8[0-9a]|af)|e2%81%9f|e3%80%80)|\+)+"
)
_CONTEXT = 64  # how far back an escape is looked for
_ESCAPED = re.compile(r"(\\+)u([0-9a-fA-F]{4})")
_ESCAPED_BEFORE = re.compile(r"(\\+)u([0-9a-fA-F]{4})\Z")
_CONTROL_BEFORE = re.compile(r"\\+[bfnrt]\Z")
_PERCENT = re.compile(r"%([0-9a-fA-F]{2})")
_PERCENT_BEFORE = re.compile(r"%([0-9a-fA-F]{2})\Z")
_SLASHES_BEFORE = re.compile(r"\\*\Z")


def pseudonym(key: bytes, identifier: str) -> str:
    """Make what stands for a person: the same for the same key and identifier, and without the key untraceable.

    Parameters
    ----------
    key : bytes
        Whoever has it can find out by trying whether a pseudonym is a given person's; keep it apart from the store.
    identifier : str
        A name, a login, an address; upper and lower case are one person, and so are the two ways to compose an accent,
        ss and the sharp s, and any white space.

    Returns
    -------
    str
        ``person-`` and 20 hexadecimal digits of an HMAC-SHA256.

    Examples
    --------
    >>> pseudonym(b"key", "Ann@Example.com") == pseudonym(b"key", "ann@example.com")
    True
    """
    plain = unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", identifier).split()).casefold())
    return PREFIX + hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()[:_HEX_DIGITS]


@dataclass(frozen=True, repr=False)
class Identifiers:
    """The identifiers of one person, longest first. Make it with :meth:`of`; it does not show them when printed.

    Notes
    -----
    An identifier is found as a whole word, in upper or lower case: `ann` in ``ann@example.com`` and ``svc_ann``, not in
    ``planning``. So words are cut at everything but letters, digits and accents; scripts without spaces are found
    anywhere. It is found as it is, escaped as in JSON (also JSON within JSON), and percent-encoded as in an address.
    A blank in it is any white space of any length, also a line break; ss and the sharp s are one. Where an escape or a
    letter could be meant, it is taken for found.

    Not found are other codings (base64, HTML's ``&nbsp;``), other spellings (Zoe for Zoë, oe for ö, initials, names in
    another order), names that a hyphen or an underscore cuts where a blank is given, and letters that only look alike:
    give each of them as an identifier of its own.
    """

    texts: tuple[str, ...]

    @classmethod
    def of(cls, subject: str | Iterable[str]) -> Identifiers:
        """Take a person's identifiers.

        Raises
        ------
        PrivacyError
            There is none, or one is too short, too long, or a word that alerts are made of.
        """
        given = [subject] if isinstance(subject, str) else list(subject)
        plain = {one.casefold(): one for one in (unicodedata.normalize("NFC", _checked(one)) for one in given)}
        if not plain:
            raise PrivacyError("No identifier was given.", hint="name at least one: a login, a name, an address.")
        return cls(tuple(sorted(plain.values(), key=lambda one: (-len(one), one))))

    @cached_property
    def pattern(self) -> str:
        """A regular expression (for RE2 as for Python, case ignored) that finds all that could be an identifier."""
        return "|".join(_pattern(one) for one in self.texts)

    @cached_property
    def _each(self) -> list[re.Pattern[str]]:
        return [re.compile(_pattern(one), re.IGNORECASE) for one in self.texts]

    @cached_property
    def _any(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE)

    def found_in(self, value: Any) -> bool:
        """Whether an identifier occurs in a text, or in any text in a list or mapping."""
        if isinstance(value, str):
            return next(self._places(value), None) is not None
        if isinstance(value, dict):
            return any(self.found_in(one) for pair in value.items() for one in pair)
        return isinstance(value, (list, tuple)) and any(self.found_in(one) for one in value)

    def replaced(self, value: Any, names: Sequence[str]) -> Any:
        """Put names in the place of identifiers.

        Parameters
        ----------
        value : Any
            A text, or lists and mappings of texts; anything else stays.
        names : sequence of str
            One for each of :attr:`texts`.

        Returns
        -------
        Any
            The same kind of value.
        """
        if isinstance(value, str):
            pieces, end = [], 0
            for which, start, stop in self._places(value):
                pieces += [value[end:start], names[which]]
                end = stop
            return "".join([*pieces, value[end:]]) if pieces else value
        if isinstance(value, dict):
            return {self.replaced(key, names): self.replaced(one, names) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.replaced(one, names) for one in value)
        return value

    def _places(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Which identifier, from where, to where."""
        at = 0
        while (hit := self._any.search(text, at)) is not None:
            start = hit.start()
            for which, pattern in enumerate(self._each):
                match = pattern.match(text, start)
                if match is not None and _is_whole(text, start, match.end(), self.texts[which]):
                    yield which, start, match.end()
                    at = match.end()
                    break
            else:
                at = start + 1

    def __repr__(self) -> str:
        return f"<{len(self.texts)} identifiers of a person>"


def _checked(identifier: str) -> str:
    """An identifier that can be found without taking ordinary words for it. The message never repeats it."""
    if not isinstance(identifier, str):
        raise PrivacyError(f"An identifier is a {type(identifier).__name__}; expected text.")
    text = re.sub(f"[ {_SPACES}]+", " ", identifier.strip())
    letters = sum(one.isalpha() for one in text)
    enough = 2 if text and all(_is_unspaced(one) for one in text if one.isalpha()) and letters else 3
    if len(text) > _MOST or not text.isprintable():
        raise PrivacyError(
            f"An identifier has more than {_MOST} characters, or control characters.",
            hint="give the person's login, name or address alone.",
        )
    if letters + sum(one.isdigit() for one in text) < (enough if letters else 5):
        raise PrivacyError(
            "An identifier is too short: expected at least 3 letters or digits, or 5 digits where there is no letter. "
            "Shorter ones cannot be told from other text.",
            hint="give it with what surrounds it, such as the whole address.",
        )
    if text.casefold() in _WORDS:
        raise PrivacyError(
            "An identifier is a word that alerts or the library's own records are made of, such as a severity or a "
            "kind of event; it cannot be taken out of a store.",
            hint="give it with what surrounds it, such as the whole address.",
        )
    return text


def _pattern(identifier: str) -> str:
    spellings = (identifier, identifier.casefold())  # a sharp s may be written ss
    forms = dict.fromkeys(unicodedata.normalize(form, one) for one in spellings for form in ("NFC", "NFD"))
    return "|".join("".join(map(_part, filter(None, _PARTS.split(form)))) for form in forms)


def _part(part: str) -> str:
    """Every way in which a character, a run of blanks or a double s may be written."""
    if part.isspace():
        return _BLANKS
    if part.lower() in {"ss", "ß"}:
        return f"(?:{_one_of('s')}{_one_of('s')}|{_one_of('ß')}|{_one_of('ẞ')})"
    return _one_of(part)


def _one_of(character: str) -> str:
    """Every way in which a character may be written."""
    cases = dict.fromkeys(one for one in (character, character.lower(), character.upper()) if len(one) == 1)
    ways: list[str] = []
    for one in cases:
        units = one.encode("utf-16-be")
        ways.append("".join(rf"\\+u{units[i : i + 2].hex()}" for i in range(0, len(units), 2)))
        ways.append("".join(f"%{byte:02x}" for byte in one.encode()))
        ways.append(rf"\\*{_literal(one)}" if one in '"\\/' else _literal(one))
    ways += ['""'] if character == '"' else []
    return f"(?:{'|'.join(ways)})"


def _literal(character: str) -> str:
    return character if character.isalnum() or ord(character) > 127 else rf"\x{ord(character):02x}"


def _is_whole(text: str, start: int, stop: int, identifier: str) -> bool:
    if _is_word(identifier[0]) and _is_word(_before(text, start)):
        return False
    if _is_word(identifier[-1]) and _is_word(_after(text, stop)):
        return False
    return not (text[start] in "bfnrt" and _is_escape(text, start))


def _is_escape(text: str, start: int) -> bool:
    """Whether the first letter belongs to an escape of JSON, as the n of a line break that stands before ``ora``."""
    slashes = _SLASHES_BEFORE.search(text, max(0, start - _CONTEXT), start)
    if slashes is None or len(slashes[0]) % 2 == 0:
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _before(text: str, start: int) -> str:
    low = max(0, start - _CONTEXT)
    if (escape := _ESCAPED_BEFORE.search(text, low, start)) is not None:
        return _of_escape(*escape.groups())
    if _CONTROL_BEFORE.search(text, low, start) is not None:
        return " "
    if (percent := _PERCENT_BEFORE.search(text, low, start)) is not None:
        return _of_byte(percent[1])
    return text[start - 1] if start else " "


def _after(text: str, stop: int) -> str:
    if (escape := _ESCAPED.match(text, stop)) is not None:
        return _of_escape(*escape.groups())
    if (percent := _PERCENT.match(text, stop)) is not None:
        return _of_byte(percent[1])
    return text[stop] if stop < len(text) else " "


def _of_escape(slashes: str, digits: str) -> str:
    """The letter that an escape stands for; behind several backslashes it could be one of them and plain text."""
    return chr(int(digits, 16)) if len(slashes) == 1 else " "


def _of_byte(digits: str) -> str:
    byte = int(digits, 16)
    return chr(byte) if byte < 128 else "x"  # a part of a letter


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM" and not _is_unspaced(character)


def _is_unspaced(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_UNSPACED)
