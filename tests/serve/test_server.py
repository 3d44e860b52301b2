"""The server over HTTP: answers, refusals, what it says of itself, and an end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from http_client import request, serving

import rnnbench
from rnnbench.cli import main
from rnnbench.serve.served import Served

PATH = "/runs/sentiment/tiny/predict"
PAGES = "/runs/sentiment/tiny/pages"


def test_it_answers_what_the_run_answers(ask, served):
    texts = ["a fine film", "dull", "naïve 中文"]
    reply = ask({"inputs": texts})
    assert (reply.status, reply.headers.get_content_type()) == (200, "application/json")
    with pytest.warns(UserWarning, match="none of its words"):
        assert reply.json["answers"] == served.run.predict(texts)
    assert reply.json["warnings"] == ["input 3: none of its words is in the vocabulary"]
    assert reply.json["picture"] is None


@pytest.mark.parametrize(
    ("body", "headers", "status", "problem"),
    [
        (b"{", {}, 400, "no JSON"),
        (b"[" * 100_000, {}, 400, "no JSON"),
        (b"\xff", {}, 400, "no JSON"),
        (b'{"inputs": [' + b"9" * 5000 + b"]}", {}, 400, "no JSON"),
        ({"inputs": []}, {}, 400, "there is no text"),
        ({"inputs": ["a"], "options": {"colour": True}}, {}, 400, "is no option of this run"),
        ({"inputs": ["a"]}, {"Content_Type": "text/plain"}, 415, "a request is JSON"),
        ({"inputs": ["a"]}, {"Host": "elsewhere.example"}, 403, "another host"),
        ({"inputs": ["a"]}, {"Host": "[::1"}, 403, "another host"),
        ({"inputs": ["a"]}, {"Content_Length": "-1"}, 411, "its length"),
        ({"inputs": ["a"]}, {"Content_Length": "99999999999"}, 413, "at most 16 MiB"),
        ({"inputs": ["a"]}, {"Transfer_Encoding": "chunked", "Content_Length": ""}, 411, "its length"),
    ],
)
def test_what_is_wrong_is_told(ask, body, headers, status, problem):
    reply = ask(body, **headers)
    assert reply.status == status
    assert problem in reply.json["error"]["problem"]


def test_paths(served):
    with serving(served) as server:
        assert request(server, "/runs/sentiment/other/predict", {"inputs": ["a"]}).status == 404
        assert f"there are: {PATH}" in request(server, "/nowhere", {"inputs": []}).json["error"]["hint"]
        assert request(server, PATH).status == 405
        assert request(server, "/nothing").status == 404
        assert request(server, "/demo.js").status == 200
        assert request(server, "/../../pyproject.toml").status == 404
        assert request(server, PATH, b"x", method="DELETE").status == 501
        head = request(server, "/", method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert int(head.headers["content-length"]) == len(request(server, "/").body)
        assert "<h1>The API</h1>" in request(server, "/").body.decode()
        assert request(server, "/health").json == {"status": "ok", "answered": 0, "batches": 0, "refused": 0}
    with serving(served, demo=True) as server:
        assert "demo.js" in request(server, "/").body.decode()
        assert "<h1>The API</h1>" in request(server, "/api").body.decode()


def test_pages_of_a_run(served):
    page = served.run.path / "diagnosis" / "states of it.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text("<p>states</p>")
    (page.parent / "notes.txt").write_text("private")
    with serving(served, demo=True) as server:
        [about] = request(server, "/runs").json
        assert about["pages"] == {
            "diagnosis/states of it.html": "/runs/sentiment/tiny/pages/diagnosis/states%20of%20it.html"
        }
        found = request(server, about["pages"]["diagnosis/states of it.html"])
        assert (found.status, found.body) == (200, b"<p>states</p>")
        # What its scripts do, they do to nothing but the page.
        assert found.headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'")
        for name in ("diagnosis/notes.txt", "result.json", "../tiny/diagnosis/states%20of%20it.html"):
            assert request(server, f"{PAGES}/{name}").status == 404


def test_a_large_request_that_is_refused_hears_why(served):
    with serving(served, upload=1000) as server:
        reply = request(server, PATH, b"x" * 2_000_000)
    assert reply.status == 413
    assert "2,000,000 bytes are too many" in reply.json["error"]["problem"]


def test_the_document_says_what_is_there(served):
    with serving(served) as server:
        found = request(server, "/openapi.json").json
        assert found["openapi"] == "3.1.0"
        for path, methods in found["paths"].items():
            assert request(server, path).status == (200 if "get" in methods else 405)
        operation = found["paths"][PATH]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert set(schema["properties"]["options"]["properties"]) == {option.name for option in served.options}
        told = request(server, PATH, {"inputs": ["fine"]})
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert sorted(told.json) == sorted(answer["required"])
    for reference in json.dumps(found).split('"$ref": "#/')[1:]:
        place = found
        for name in reference.partition('"')[0].split("/"):
            place = place[name]


class Slow(Served):
    """A run that takes its time, and says how many inputs it was asked at once."""

    def __init__(self, run, seconds):
        super().__init__(run)
        self.seconds, self.batches = seconds, []

    def asking(self, words):
        found = super().asking(words)
        if not hasattr(found, "fast"):
            found.fast = found.answers
            found.answers = self.slowly(found)
        return found

    def slowly(self, asking):
        def answers(read):
            self.batches.append(len(read))
            time.sleep(self.seconds)
            return asking.fast(read)

        return answers


@pytest.fixture
def slow(classifier):
    return Slow(rnnbench.load(classifier), 0.02)


def test_at_four_times_its_room_no_answer_is_lost(slow):
    """Every request is either answered, with its own answer, or refused; who asks again gets it in the end."""
    room, each = 4, 8
    refused = threading.Semaphore(0)
    with serving(slow, room=room, batch=3) as server:

        def client(number):
            got = []
            for turn in range(each):
                text = f"a fine film {number} {turn}"
                while (reply := request(server, PATH, {"inputs": [text]})).status == 429:
                    assert reply.headers["retry-after"] == "1"
                    refused.release()
                    time.sleep(0.01)
                got.append((reply.status, [one["text"] for one in reply.json["answers"]] == [text]))
            return got

        with ThreadPoolExecutor(4 * room) as pool:
            found = [one for got in pool.map(client, range(4 * room)) for one in got]
        health = request(server, "/health").json
    assert found == [(200, True)] * (4 * room * each)
    assert health["answered"] == 4 * room * each
    assert health["refused"] == refused._value > 0
    assert 1 < max(slow.batches) <= 3


def test_an_end_answers_what_it_has_taken_on(slow):
    slow.seconds = 0.2
    with serving(slow, batch=1) as server, ThreadPoolExecutor(9) as pool:
        asked = [pool.submit(request, server, PATH, {"inputs": [f"film {number}"]}) for number in range(6)]
        while server.room._value > 64 - 6:
            time.sleep(0.005)
        ended = pool.submit(server.close)
        while not server.stopping:
            time.sleep(0.005)
        late = request(server, PATH, {"inputs": ["late"]})
        replies = [one.result() for one in asked]
        ended.result()
    assert [reply.json["answers"][0]["text"] for reply in replies] == [f"film {number}" for number in range(6)]
    assert late.status == 503
    with pytest.raises(ConnectionRefusedError):
        request(server, PATH, {"inputs": ["too late"]})


@pytest.mark.slow
def test_a_process_that_is_told_to_end_answers_first(classifier, tmp_path):
    """As a service manager ends it: SIGTERM while requests wait; none of them is lost, and the exit status is 0."""
    command = [sys.executable, "-m", "rnnbench", "serve", f"--run={classifier}", "--port=0", "--batch-size=1"]
    environment = {**os.environ, "PYTHONPATH": str(Path(rnnbench.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True, cwd=tmp_path) as process:
        assert process.stdout.readline() == "sentiment/tiny: Sentiment analysis\n"
        address = urlsplit(process.stdout.readline().split()[0])
        server = SimpleNamespace(server_name=address.hostname, server_port=address.port)
        body = {"inputs": [f"a fine film {number}" for number in range(300)], "show": True}
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(request, server, PATH, body) for _ in range(8)]
            while request(server, "/health").json["answered"] < 1:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            replies = [one.result() for one in asked]
        told, _ = process.communicate(timeout=60)
    assert [(reply.status, len(reply.json["answers"])) for reply in replies] == [(200, 300)] * 8
    assert process.returncode == 0
    assert told == "8 requests in 8 batches, 0 refused\n"


def test_a_client_that_says_nothing_gives_its_place_back(served):
    with serving(served, room=1, seconds=0.2) as server:
        with socket.create_connection((server.server_name, server.server_port)) as silent:
            head = [f"POST {PATH} HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Content-Length: 9"]
            silent.sendall("\r\n".join([*head, "", ""]).encode())
            while server.room._value:
                time.sleep(0.005)
            assert request(server, PATH, {"inputs": ["a"]}).status == 429
            assert silent.recv(1) == b""
        assert request(server, PATH, {"inputs": ["a"]}).status == 200


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("--run nowhere", "no such run folder"),
        ("--run {run} {run}", "two runs are called sentiment/tiny"),
        ("--run {run} --port {port}", "is in use"),
        ("--run {run} --port 70000", "must be 0 to 65535"),
        ("--run {run} --queue 0", "must be 1 to 10000"),
        ("--run {run} --host nowhere.invalid", "there is no such address"),
        ("--run {run} --device abacus", "there is no device"),
    ],
)
@pytest.mark.parametrize("verb", ["serve", "demo"])
def test_a_wrong_start_is_one_message(classifier, capsys, verb, words, problem):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main([verb, *words.format(run=classifier, port=port).split()]) == 2
    told = capsys.readouterr().err
    assert problem in told
    assert len(told.splitlines()) <= 3
