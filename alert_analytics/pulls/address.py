"""Where a running system is. An address never holds a secret, so it may be shown, logged and stored."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from alert_analytics.errors import PullError

_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SECRET = (  # in the name of a query parameter, without regard to case, "-" and "_"
    *("apikey", "auth", "credential", "geniekey", "password", "passwd", "pwd", "secret", "signature"),
    *("token", "accesskey", "routingkey", "integrationkey"),
)


@dataclass(frozen=True)
class Address:
    """The base address of an API: scheme, host and port, path, and the query that every request carries.

    Attributes
    ----------
    scheme, host : str
        ``http`` or ``https``; a name or an IP address, in lower case.
    port : int
        The scheme's own where the address names none.
    path : str
        Before the API's own paths, without a slash at its end.
    query : tuple of (str, str)
        Filters that the user wrote into the address.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, url: str, *, endings: tuple[str, ...] = (), hint: str = "") -> Address:
        """Read an address as a user writes it.

        Parameters
        ----------
        url : str
            Such as ``https://prometheus.example.com:9090/prefix?dedup=true``.
        endings : tuple of str
            Paths of the API; an address that ends in one is taken without it.
        hint : str
            How an address of this API looks.

        Raises
        ------
        PullError
            It is no address, or holds what looks like a secret; the message does not show it.
        """
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise PullError("--from: no address that can be read.", hint=hint) from error
        if "@" in parts.netloc:
            raise PullError(
                f"--from: the address of {host} holds a user or password.",
                hint="leave it out; secrets come from environment variables alone.",
            )
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        for name, _ in query:
            if looks_secret(name):
                raise PullError(
                    f"--from: the query parameter {name!r} looks like a secret.",
                    hint="leave it out; secrets come from environment variables alone.",
                )
        if parts.scheme not in _PORTS or not host or not _plain(host + parts.path) or parts.fragment:
            raise PullError("--from: expected an address that begins with https:// or http://, and a host.", hint=hint)
        path = parts.path.rstrip("/")
        for ending in endings:
            path = path.removesuffix(ending).rstrip("/")
        return cls(parts.scheme, host, port or _PORTS[parts.scheme], path, query)

    @property
    def origin(self) -> str:
        """Scheme, host and port, without the path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def is_private_enough(self) -> bool:
        """Whether a secret may be sent: over TLS, or not beyond this machine."""
        return self.scheme == "https" or self.host in _LOOPBACK

    def url(self, path: str, params: list[tuple[str, str]]) -> str:
        """The address of one request; its own parameters take the place of equal ones in the address."""
        own = {name for name, _ in params}
        query = urlencode([*(pair for pair in self.query if pair[0] not in own), *params])
        return f"{self.origin}{self.path}{path}" + (f"?{query}" if query else "")

    def value(self, name: str) -> str | None:
        """What the address gives for a query parameter; the last where it is given more than once."""
        return dict(self.query).get(name)

    def is_origin_of(self, url: str) -> bool:
        """Whether a URL leads to the same scheme, host and port."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            return False
        return "@" not in parts.netloc and (parts.scheme, parts.hostname, port) == (self.scheme, self.host, self.port)

    def __str__(self) -> str:
        return self.url("", [])


def looks_secret(name: str) -> bool:
    """Whether a query parameter of this name usually holds a secret."""
    bare = name.lower().replace("-", "").replace("_", "")
    return bare == "key" or any(word in bare for word in _SECRET)


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not any(c in text for c in ' "<>\\^`{|}')
