"""How long a server lets wait: ``python tests/serve/load.py RUN [--text TEXT]``, all of it on this machine's loopback.

Asks a run of an application that reads lines in three ways, from as many clients as told: the run itself, without a
server; a server that answers inputs one by one; one that answers together what waits. Prints ratios, taken in turns.
"""

import argparse
import http.client
import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from http_client import serving

import rnnbench
from rnnbench.api.asking import Asking
from rnnbench.serve.served import Served

REQUESTS = 40
"""Requests of each client."""


def timed(server, path: str, text: str, clients: int) -> tuple[list[float], float]:
    """Latencies in seconds of all requests, and requests a second; a client keeps its connection."""
    body = json.dumps({"inputs": [text]})
    start = threading.Barrier(clients)

    def client(_: int) -> list[float]:
        connection = http.client.HTTPConnection(server.server_name, server.server_port, timeout=60)
        found = []
        start.wait()
        for _ in range(REQUESTS):
            before = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200, reply.status
            found.append(time.perf_counter() - before)
        connection.close()
        return found

    before = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        latencies = [one for found in pool.map(client, range(clients)) for one in found]
    return latencies, len(latencies) / (time.perf_counter() - before)


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("--text", default="the plot is dull and the acting is a joy but the end is long")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16, 64])
    arguments = parser.parse_args()
    served = Served(rnnbench.load(arguments.run))
    path = f"/runs/{quote(served.name)}/predict"
    asking = Asking(served.run)

    def alone() -> float:
        before = time.perf_counter()
        asking.answers(asking.read([arguments.text]))
        return time.perf_counter() - before

    rows = []
    with serving(served, batch=1) as single, serving(served) as together:
        timed(single, path, arguments.text, 2), timed(together, path, arguments.text, 2)
        for clients in arguments.clients:
            turns = []
            for _ in range(3):
                base = statistics.median(alone() for _ in range(100))
                one, slow = timed(single, path, arguments.text, clients)
                many, fast = timed(together, path, arguments.text, clients)
                # The largest one in a hundred.
                tail = sorted(many)[int(0.99 * len(many))]
                turns.append((statistics.median(one) / base, statistics.median(many) / base, tail / base, fast / slow))
            rows.append((clients, *map(statistics.median, zip(*turns, strict=True))))
    print("| clients | one by one | together | 99 of 100 | answers a second |\n|---|---|---|---|---|")
    for clients, *ratios in rows:
        print(f"| {clients} | " + " | ".join(f"{one:.1f}" for one in ratios) + " |")


if __name__ == "__main__":
    main()
