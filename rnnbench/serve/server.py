"""HTTP around trained runs: sizes, times, numbers of requests, and a stop that loses no answer."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import json
import os
import re
import signal
import socket
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from rnnbench.errors import UserError
from rnnbench.serve.openapi import about, description, page
from rnnbench.serve.served import Answer, Question, Served, answer
from rnnbench.serve.waiting import Waiting

PAGES = Path(__file__).parent / "pages"
_HTML = "text/html; charset=utf-8"
FILES = {"/demo.js": "text/javascript", "/page.css": "text/css"}
_ASK = re.compile(r"/runs/(?P<name>.+)/predict")
_PAGE = re.compile(r"/runs/(?P<name>.+?)/pages/(?P<page>.+)")
# As little as the pages need; nothing from elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Pages of runs hold all they need; whatever they hold, they reach nothing here.
_OF_RUNS = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DRAINED = 2**16


class Limits(NamedTuple):
    """What a server takes on.

    Args:
        room: Requests that may be read, wait and be answered at a time; a further one gets 429.
        batch: Most inputs that go through the model at once.
        upload: Most bytes of a request.
        seconds: How long a connection may say nothing.
    """

    room: int = 64
    batch: int = 64
    upload: int = 16 * 2**20
    seconds: float = 30.0


class Server(ThreadingHTTPServer):
    """Trained runs behind an address.

    Args:
        runs: The runs, with different names.
        address: Host and port; port 0 takes a free one.
        limits: What it takes on.
        demo: Whether its first page is the one to try the runs on; else it is that of the API.

    Raises:
        UserError: The port is in use, or there is no such address.
    """

    daemon_threads = True  # a connection that says nothing keeps nobody from stopping
    request_queue_size = 512
    # On Windows it would let two servers have one port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, runs: Sequence[Served], address: tuple[str, int], limits: Limits, demo: bool = False) -> None:
        self.runs = {run.name: run for run in runs}
        self.limits = limits
        self.demo = demo
        self.room = threading.BoundedSemaphore(limits.room)
        self.refused = 0
        self.stopping = False
        host, port = address
        found = _resolved(host, port)
        self.address_family = found[0]
        self.loopback = ipaddress.ip_address(found[1]).is_loopback
        try:
            super().__init__((found[1], port), _Handler)
        except OSError as error:
            raise _refused(error, host, port) from None
        self.waiting: Waiting[Question, Answer] = Waiting(answer, _together, lambda one: len(one.read), limits.batch)

    def server_bind(self) -> None:
        """Binds, without asking for the name of the host, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(self.allow_reuse_address))
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    @property
    def address(self) -> str:
        """Its address, for a browser."""
        host = self.server_name
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is the business of the one at its other end."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Takes nothing more on, answers what it has, and ends; once more does nothing."""
        self.stopping = True  # what comes now is told so
        for _ in range(self.limits.room):  # all of the room is free once every answer is on its way
            self.room.acquire()
        self.room = threading.BoundedSemaphore(self.limits.room)
        self.shutdown()
        self.waiting.close()
        self.server_close()


class _Content(NamedTuple):
    """What is sent, of which kind, and what a browser lets it do."""

    data: bytes
    kind: str
    policy: str = _POLICY


class _Refusal(Exception):
    """A status and why; whether what was sent was read to its end."""

    def __init__(self, status: int, error: UserError, read: bool = True) -> None:
        super().__init__(status)
        self.status, self.error, self.read = status, error, read


def _refusing(status: int, error: UserError) -> Callable[[], _Content]:
    def refuse() -> _Content:
        raise _Refusal(status, error, read=False)

    return refuse


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "rnnbench"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.limits.seconds)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing of what goes well."""

    def do_GET(self) -> None:
        self._respond(self._found)

    def do_HEAD(self) -> None:
        self._respond(self._found)

    def do_POST(self) -> None:
        server = self.server
        if server.stopping:
            self._respond(_refusing(503, UserError("the server is being stopped")))
        elif not server.room.acquire(blocking=False):
            server.refused += 1
            self._respond(_refusing(429, UserError("too many requests wait", hint="ask again in a second")))
        else:
            try:
                self._respond(self._answered)
            finally:
                server.room.release()

    def _respond(self, find: Callable[[], _Content]) -> None:
        try:
            self._check_host()
            self._send(200, find())
        except _Refusal as refusal:
            self.close_connection = self.close_connection or not refusal.read
            error = refusal.error
            told = {"problem": error.problem, "where": error.where, "hint": error.hint}
            self._send(refusal.status, _json({"error": told}))
            if not refusal.read:
                self._drain()

    def _check_host(self) -> None:
        """A page of another site may name this address as its own: then the browser names that site as the host."""
        try:
            host = urlsplit(f"//{self.headers.get('host', '')}").hostname
        except ValueError:
            host = None
        if self.server.loopback and host not in (*_LOOPBACK, self.server.server_name):
            raise _Refusal(403, UserError("is another host than this one", where="Host"), read=False)

    def _found(self) -> _Content:
        path = unquote(urlsplit(self.path).path)
        server = self.server
        if path == "/" and server.demo:
            return _Content((PAGES / "demo.html").read_bytes(), _HTML)
        if path in ("/", "/api"):
            return _Content(page(server.runs.values()).encode(), _HTML)
        if path in FILES:
            return _Content((PAGES / path[1:]).read_bytes(), f"{FILES[path]}; charset=utf-8")
        if path == "/openapi.json":
            return _json(description(server.runs.values()))
        if path == "/runs":
            return _json([about(one) for one in server.runs.values()])
        if path == "/health":
            waiting = server.waiting
            counts = {"answered": waiting.answered, "batches": waiting.batches, "refused": server.refused}
            return _json({"status": "stopping" if server.stopping else "ok", **counts})
        if (found := _PAGE.fullmatch(path)) and (served := server.runs.get(found["name"])):
            file = served.pages().get(found["page"])
            if file is not None:
                return _Content(file.read_bytes(), _HTML, _OF_RUNS)
        if _ASK.fullmatch(path):
            raise _Refusal(405, UserError("is asked by POST", where=path))
        raise _Refusal(404, UserError("there is no such page", where=path, hint=server.address))

    def _answered(self) -> _Content:
        path = unquote(urlsplit(self.path).path)
        found = _ASK.fullmatch(path)
        served = self.server.runs.get(found["name"]) if found else None
        if served is None:
            hint = f"there are: {', '.join(f'/runs/{name}/predict' for name in self.server.runs)}"
            raise _Refusal(404, UserError("there is no such run", where=path, hint=hint), read=False)
        asked = self._body()
        try:
            question = served.question(asked)
        except UserError as error:
            raise _Refusal(400, error) from None
        try:
            answers, warnings, picture = self.server.waiting.ask(question).result()
        except UserError as error:
            raise _Refusal(400, error) from None
        except Exception as error:
            told = UserError(f"{type(error).__name__}: {error}", where="a fault inside rnnbench")
            raise _Refusal(500, told) from None
        finally:
            question.close()
        return _json({"answers": answers, "warnings": warnings, "picture": picture})

    def _body(self) -> Any:
        # Asked for, because a browser lets no page of another site send it.
        if self.headers.get_content_type() != "application/json":
            hint = "Content-Type: application/json"
            raise _Refusal(415, UserError("a request is JSON", where="Content-Type", hint=hint), read=False)
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            raise _Refusal(411, UserError("its length has to be named", where="Content-Length"), read=False)
        if int(length) > self.server.limits.upload:
            most = self.server.limits.upload / 2**20
            problem = f"{int(length):,} bytes are too many: a request has at most {most:g} MiB"
            raise _Refusal(413, UserError(problem, where="Content-Length"), read=False)
        data = self.rfile.read(int(length))
        if len(data) < int(length):
            raise ConnectionAbortedError
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise _Refusal(400, UserError(f"no JSON: {error}", where="body")) from None

    def _send(self, status: int, content: _Content) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content.kind)
        self.send_header("Content-Length", str(len(content.data)))
        self.send_header("Content-Security-Policy", content.policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if status == 429:
            self.send_header("Retry-After", "1")
        if self.close_connection or self.server.stopping:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content.data)

    def _drain(self) -> None:
        """Reads on for a while: a connection that is closed on unread bytes takes its last answer with it."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1)
            left = 4 * self.server.limits.upload
            while left > 0 and (data := self.connection.recv(_DRAINED)):
                left -= len(data)


def run(server: Server, ready: Callable[[], None]) -> None:
    """Serves until the process is told to end, by SIGTERM or Ctrl-C, and then answers what it has taken on.

    Args:
        server: The server.
        ready: Called once it serves.
    """
    told = threading.Event()
    with _on_signals(lambda *_: told.set()):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="connections")
        thread.start()
        ready()
        try:
            while not told.wait(0.5):  # in turns, since a wait without end hears no signal on Windows
                pass
        finally:
            server.close()
            thread.join()


@contextlib.contextmanager
def _on_signals(handle: Callable[[int, types.FrameType | None], Any]) -> Iterator[None]:
    """Handles the first of the signals that end a process; the second one ends it."""

    def once(number: int, frame: types.FrameType | None) -> None:
        signal.signal(number, before[number])
        handle(number, frame)

    before: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, once)
    try:
        yield
    finally:
        for number, one in before.items():
            signal.signal(number, one)


def _together(first: Question, other: Question) -> bool:
    return first.served is other.served and first.together and other.together


def _json(value: Any) -> _Content:
    return _Content(json.dumps(value, ensure_ascii=False).encode(), "application/json")


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError, OverflowError) as error:
        raise UserError(f"there is no such address: {error}", where=f"--host {host}") from None
    return family, str(address[0])


def _refused(error: OSError, host: str, port: int) -> UserError:
    if error.errno == errno.EADDRINUSE:
        return UserError(
            "is in use", where=f"--port {port}", hint=f"another: --port {port + 1}; any free one: --port 0"
        )
    return UserError(f"cannot be had: {error.strerror}", where=f"--host {host} --port {port}")
