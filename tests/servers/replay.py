"""A server in a thread that answers from a function, keeps what it was asked, and fails where it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Request:
    """What was asked."""

    path: str
    params: Mapping[str, list[str]]
    headers: Mapping[str, str]

    def one(self, name: str, default: str = "") -> str:
        return self.params.get(name, [default])[0]


@dataclass(frozen=True)
class Reply:
    """What is answered; `cut` promises more bytes than it sends."""

    data: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: bool = False

    @property
    def content(self) -> bytes:
        return json.dumps(self.data).encode() if self.body is None else self.body


App = Callable[[Request], Reply]


class Server:
    """The server as a test sees it.

    Attributes
    ----------
    url : str
        Its address.
    requests : list of Request
        What it was asked.
    faults : dict of int to Reply
        What it answers instead, by the number of the request, from 0.
    now : datetime
        What its clock says.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.requests: list[Request] = []
        self.faults: dict[int, Reply] = {}
        self.now = NOW
        self.url = ""

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        fault = self.faults.get(len(self.requests) - 1)
        return self.app(request) if fault is None else fault

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@contextmanager
def serving(app: App) -> Iterator[Server]:
    """Serve on a free port of this machine."""
    server = Server(app)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = Request(parts.path, parse_qs(parts.query, keep_blank_values=True), dict(self.headers.items()))
            reply = server.answer(asked)
            self.send_response(reply.status)
            given = {"Content-Type": "application/json", **reply.headers}
            for name, value in given.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.content) + (100 if reply.cut else 0)))
            self.end_headers()
            self.wfile.write(reply.content)
            self.close_connection = self.close_connection or reply.cut

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(server.now, usegmt=True)

        def log_message(self, format: str, *args: object) -> None: ...

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    server.url = f"http://127.0.0.1:{listening.server_port}"
    thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
