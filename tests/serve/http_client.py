"""A server on a free port, and requests to it."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rnnbench.serve.served import Served
from rnnbench.serve.server import Limits, Server


@contextmanager
def serving(*runs: Served, demo: bool = False, **limits) -> Iterator[Server]:
    """A server on a free port; stopped as the verb stops it."""
    server = Server(runs, ("127.0.0.1", 0), Limits(**limits), demo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


class Reply:
    def __init__(self, status: int, headers: http.client.HTTPMessage, body: bytes):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


def request(server: Server, path: str, body=None, method: str | None = None, **headers: str) -> Reply:
    """One request; a body that is no bytes is sent as JSON."""
    connection = http.client.HTTPConnection(server.server_name, server.server_port, timeout=60)
    try:
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if body is not None else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method or ("GET" if body is None else "POST"), path, body, {**sent, **named})
        reply = connection.getresponse()
        return Reply(reply.status, reply.headers, reply.read())
    finally:
        connection.close()
