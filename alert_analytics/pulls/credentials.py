"""Who asks: a header made of secrets that the environment holds, and nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from alert_analytics.errors import PullError
from alert_analytics.pulls.address import Address
from alert_analytics.settings import Secret, secret

_BASIC = "Basic"
_SHORT = 5  # a shorter secret may be in an address by chance
_LEAST = 4  # a shorter one is in any message


@dataclass(frozen=True)
class Way:
    """One way in which an API takes secrets.

    Attributes
    ----------
    scheme : str
        What stands before the secret in the ``Authorization`` header; ``Basic`` takes a user and a password.
    variables : tuple of str
        The environment variables that hold it.
    """

    scheme: str
    variables: tuple[str, ...]


class Credentials:
    """What is sent with every request. Neither its text form nor any message shows a secret.

    Parameters
    ----------
    scheme : str
        As in :class:`Way`; unused without secrets.
    secrets : tuple of Secret
        None for an API that is open to all.

    Raises
    ------
    PullError
        A token holds characters that no header can carry.
    """

    def __init__(self, scheme: str = "", secrets: tuple[Secret, ...] = ()) -> None:
        self._scheme = scheme
        self._secrets = secrets
        if scheme != _BASIC and not all(one.reveal().isascii() for one in secrets):
            raise PullError(f"{secrets[0].name} holds letters that no token has.", hint=f"set {secrets[0].name} anew.")

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(map(repr, self._secrets))})"

    @property
    def header(self) -> dict[str, str]:
        """The header; made for each request, kept nowhere."""
        if not self._secrets:
            return {}
        gap = "" if self._scheme.endswith("=") else " "  # PagerDuty's is "Token token=..."
        return {"Authorization": f"{self._scheme}{gap}{self._sent()}"}

    def hide(self, text: str) -> str:
        """The text with every secret taken out, should a server repeat one, in whatever way it writes it."""
        if not self._secrets:
            return text
        hidden = {form for one in (self._sent(), *self._revealed()) if len(one) >= _LEAST for form in _forms(one)}
        for form in sorted(hidden, key=len, reverse=True):
            text = text.replace(form, "***")
        return text

    def is_in(self, text: str) -> bool:
        """Whether a text holds the secret, in whatever way it is written."""
        return any(len(one) > _SHORT and form in text for one in self._revealed()[-1:] for form in _forms(one))

    def _revealed(self) -> list[str]:
        return [one.reveal() for one in self._secrets]

    def _sent(self) -> str:
        """What stands behind the scheme."""
        values = self._revealed()
        return b64encode(":".join(values).encode()).decode() if self._scheme == _BASIC else values[0]


def _forms(secret: str) -> set[str]:
    """A secret as it is, and as URLs and JSON write it."""
    plain, ascii_only = json.dumps(secret, ensure_ascii=False), json.dumps(secret)
    return {secret, quote(secret, safe=""), quote_plus(secret), plain[1:-1], ascii_only[1:-1]}


def credentials(
    ways: tuple[Way, ...],
    address: Address,
    *,
    needed: bool,
    environment: Mapping[str, str] | None = None,
) -> Credentials:
    """Find the secrets for an API.

    Parameters
    ----------
    ways : tuple of Way
        The ways it knows; the first whose variables are all set is taken.
    address : Address
        Where they will be sent.
    needed : bool
        Whether it lets nobody in without.
    environment : mapping of str to str, optional
        Instead of ``os.environ``.

    Raises
    ------
    PullError
        They are needed and not set, set in part, would go over the network unencrypted, or stand in the address too.
    """
    for way in ways:
        found = [secret(name, environment) for name in way.variables]
        there = tuple(one for one in found if one is not None)
        if there and len(there) < len(way.variables):
            missing = ", ".join(n for n, one in zip(way.variables, found, strict=True) if one is None)
            raise PullError(f"{there[0].name} is set, {missing} is not.", hint=f"set {missing} in the environment.")
        if there:
            return _checked(Credentials(way.scheme, there), address)
    if needed:
        raise PullError(
            f"{address.host} asks for credentials, and there are none.",
            hint=f"set {named(ways)} in the environment; secrets are read from nowhere else.",
        )
    return Credentials()


def named(ways: tuple[Way, ...]) -> str:
    """The variables of some ways, in words."""
    return ", or ".join(" and ".join(way.variables) for way in ways)


def _checked(found: Credentials, address: Address) -> Credentials:
    if found.is_in(str(address)):
        raise PullError("--from: the address holds the secret itself.", hint="leave it out of the address.")
    if not address.is_private_enough:
        raise PullError(
            f"{found!r} would go to {address.host} unencrypted.", hint="give an address that begins with https://."
        )
    return found
