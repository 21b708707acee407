"""One page over HTTP: patient where a server is busy, strict in what it takes for an answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urljoin

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as TooSlow

from alert_analytics.errors import PullError
from alert_analytics.pulls.address import Address
from alert_analytics.pulls.answers import Answer, Raw, asked_to_wait, seconds, server_time, words
from alert_analytics.pulls.credentials import Credentials
from alert_analytics.tables import printable

_REDIRECTS = 3
_SAID = 200  # characters of what a server says about an error
_CHUNK = 1 << 16
_BUSY = (429, 500, 502, 503, 504)
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Limits:
    """How long to wait, and how much to take.

    Attributes
    ----------
    retries : int
        How often a page is asked for again after it failed.
    backoff_s : float
        Waits double from here, up to a minute, where the server does not say how long to wait.
    patience_s : float
        The longest wait that a server may ask for.
    connect_s, read_s : float
        Until a connection stands, and between two pieces of an answer.
    page_s : float
        For a whole page.
    page_bytes : int
        The largest page, unpacked.
    """

    retries: int = 5
    backoff_s: float = 1.0
    patience_s: float = 600.0
    connect_s: float = 10.0
    read_s: float = 60.0
    page_s: float = 300.0
    page_bytes: int = 64 * 1024 * 1024


class Client:
    """Asks one API for pages.

    Redirects are followed within the same scheme, host and port, so that credentials reach nobody else; certificates
    are verified (OpenSSL reads ``SSL_CERT_FILE`` for authorities of one's own).

    Parameters
    ----------
    address : Address
        Where it is.
    credentials : Credentials
        Sent with every request.
    headers : mapping of str to str
        What else the API wants.
    hint : str
        How an address of this API looks.
    variables : str
        The environment variables that hold its secrets, in words.
    limits : Limits
        How patient to be.
    sleep : callable
        Waits so many seconds.
    clock : callable
        This machine's time.

    Attributes
    ----------
    skew_s : float or None
        By how much the server's clock is ahead of this machine's, as of the last answer.
    """

    def __init__(
        self,
        address: Address,
        credentials: Credentials,
        *,
        headers: Mapping[str, str] | None = None,
        hint: str = "",
        variables: str = "",
        limits: Limits = Limits(),
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.address = address
        self.skew_s: float | None = None
        self._credentials = credentials
        self._headers = {"Accept": "application/json", "User-Agent": "alert-analytics", **(headers or {})}
        self._hint = hint
        self._variables = variables
        self._limits = limits
        self._sleep = sleep
        self._clock = clock
        self._pool = PoolManager(
            cert_reqs="CERT_REQUIRED", timeout=Timeout(connect=limits.connect_s, read=limits.read_s)
        )

    def get(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Answer:
        """Ask for one page.

        Parameters
        ----------
        path : str
            Below the base address.
        params : sequence of (str, str)
            The query, beside what the address carries.

        Raises
        ------
        PullError
            There is no answer, or none that is JSON; says what the server said, never a secret.
        """
        url = self.address.url(path, list(params))
        for _ in range(_REDIRECTS + 1):
            raw = self._patiently(url)
            if raw.status not in _MOVED:
                return self._answer(raw, path)
            url = self._moved(url, raw.headers.get("Location", ""))
        raise self._error(f"{path} redirects in a circle.", self._hint)

    def hide(self, text: str) -> str:
        """What the server said, with every secret taken out; before it is cut, so that no part of one is left."""
        return self._credentials.hide(text)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def _patiently(self, url: str) -> Raw:
        retry = Retry(
            total=self._limits.retries, status_forcelist=_BUSY, backoff_factor=self._limits.backoff_s, backoff_max=60
        )
        while True:
            try:
                raw = self._once(url)
            except SSLError as error:
                raise self._error(
                    f"no trusted connection ({self._short(error)}).",
                    "SSL_CERT_FILE names a file of the authorities that you trust.",
                ) from error
            except HTTPError as error:
                retry = self._again(retry, url, error=error)
                self._wait(retry.get_backoff_time())
                continue
            if not retry.is_retry("GET", raw.status):
                self._mind_the_limit(raw)
                return raw
            asked = asked_to_wait(raw.headers, self._clock())
            retry = self._again(retry, url, status=raw)
            self._wait(retry.get_backoff_time() if asked is None else asked)

    def _again(self, retry: Retry, url: str, *, error: HTTPError | None = None, status: Raw | None = None) -> Retry:
        """One retry less; says what happened where none is left."""
        try:
            return retry.increment("GET", url, error=error)
        except (MaxRetryError, HTTPError) as last:
            times = f"{self._limits.retries + 1} times" if self._limits.retries else "once"
            if status is not None:
                said = f"answered {status.status} {times}{self._said(status)}."
                hint = "it is busy or broken; run the same command later, it goes on where it stopped."
            else:
                said = f"{_failed(error)} {times} ({self._short(error)})."
                hint = f"is it up, and is the address right? {self._hint}".strip()
            raise self._error(said, hint) from last

    def _once(self, url: str) -> Raw:
        response = self._pool.request(
            "GET",
            url,
            headers=self._headers | self._credentials.header,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        whole = False
        try:
            body = self._read(response)
            whole = True
        finally:
            if whole:
                response.release_conn()
            else:
                response.close()
        return Raw(response.status, response.headers, body)

    def _read(self, response: BaseHTTPResponse) -> bytes:
        """Read a body, unpacked, but no more of it than a page may hold."""
        until, size, chunks = time.monotonic() + self._limits.page_s, 0, []
        for chunk in response.stream(_CHUNK, decode_content=True):
            size += len(chunk)
            chunks.append(chunk)
            if size > self._limits.page_bytes:
                raise self._error(
                    f"a page is larger than {self._limits.page_bytes:,} bytes.",
                    "narrow it with a filter in the address.",
                )
            if time.monotonic() > until:
                raise self._error(f"a page took longer than {self._limits.page_s:g} s.", "run it again later.")
        return b"".join(chunks)

    def _mind_the_limit(self, raw: Raw) -> None:
        """Wait before the next request where this one was the last that the server grants (PagerDuty's headers)."""
        if raw.status < _BUSY[0] and raw.headers.get("ratelimit-remaining") == "0":
            self._wait(seconds(raw.headers.get("ratelimit-reset")) or 0.0)

    def _wait(self, seconds: float) -> None:
        if seconds > self._limits.patience_s:
            raise self._error(
                f"asks to wait {seconds:,.0f} s.", "run the same command after that; it goes on where it stopped."
            )
        if seconds > 0:
            self._sleep(seconds)

    def _moved(self, url: str, location: str) -> str:
        try:
            target = urljoin(url, location)
        except ValueError:
            target = ""
        if not location or not self.address.is_origin_of(target):
            raise self._error(
                "redirects to another address, which is not followed: it would get the credentials.",
                f"if it has moved, give the new address: {_origin(target)}",
            )
        return target

    def _answer(self, raw: Raw, path: str) -> Answer:
        now = server_time(raw.headers.get("Date"))
        if now is not None:
            self.skew_s = (now - self._clock()).total_seconds()
        if not 200 <= raw.status < 300:
            raise self._refusal(raw, path)
        try:
            data = json.loads(raw.body)
        except (ValueError, RecursionError) as error:
            kind = raw.headers.get("Content-Type", "").partition(";")[0] or "no content type"
            what = "HTML, perhaps a login page," if b"<html" in raw.body[:2000].lower() else f"no JSON ({kind})"
            raise self._error(f"{path} answered {what} where JSON was expected.", self._hint) from error
        return Answer(data, raw.headers, now, sha256(raw.body).digest())

    def _refusal(self, raw: Raw, path: str) -> PullError:
        if raw.status in (401, 403):
            sent = "does not accept the credentials" if self._credentials else "asks for credentials"
            hint = f"set {self._variables} in the environment, with the right to read."
            return self._error(f"{sent} ({raw.status}){self._said(raw)}.", hint)
        if raw.status == 404:
            return self._error(f"has no {path} (404){self._said(raw)}.", self._hint)
        return self._error(f"{path} answered {raw.status}{self._said(raw)}.", self._hint)

    def _said(self, raw: Raw) -> str:
        """What the server says of it, where that is JSON."""
        try:
            data = json.loads(raw.body)
            said = words(data)
        except (ValueError, RecursionError):
            return ""
        return f": {self.hide(said)[:_SAID]}" if said else ""

    def _short(self, error: BaseException | None) -> str:
        """What a library says of a failure."""
        return self.hide(str(error)).rpartition(": ")[2][:_SAID]

    def _error(self, message: str, hint: str) -> PullError:
        said = self.hide(f"{self.address.host}: {message}")
        return PullError(printable(said), hint=printable(self.hide(hint)) or None)


def _failed(error: HTTPError | None) -> str:
    if isinstance(error, NewConnectionError):  # which is a TimeoutError too
        return "could not be reached"
    return "was too slow" if isinstance(error, TooSlow) else "did not answer whole"


def _origin(url: str) -> str:
    try:
        return str(Address.parse(url.partition("?")[0]).origin)
    except PullError:
        return "(none was given)"
