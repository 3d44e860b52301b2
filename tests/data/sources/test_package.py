import hashlib
import http.server
import io
import multiprocessing
import os
import socket
import tarfile
import threading
from pathlib import Path

import pytest
import yaml

from rnnbench.data.cards import InPackage, card_names, load_card
from rnnbench.data.fetched.index import index_settings
from rnnbench.data.source import SPLITS
from rnnbench.data.sources.package import Package
from rnnbench.errors import UserError
from rnnbench.folders import cache_folder

FILE = "tiny_words-1.0.tar.gz"
LINES = [f"line {i} äß" for i in range(300)]
TEXT = "\n".join(["  " + LINES[0] + "\u3000", "", *LINES, *LINES[:5]]) + "\n"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def sdist(*extra):
    """A source archive whose build script would leave a trace if it were run."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in (
            ("tiny_words-1.0/setup.py", b"open('/tmp/rnnbench-setup-ran', 'w')\n1 / 0\n"),
            ("../evil.txt", b"evil"),
            ("tiny_words-1.0/words.txt", TEXT.encode()),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return file.getvalue()


def card(archive, members=None, **changes):
    """A card of the archive, as a file in the working folder."""
    source = {
        "kind": "package",
        "use": "--data.source Package --data.source.card words.yaml",
        "requirement": "tiny-words==1.0",
        "file": FILE,
        "sha256": sha256(archive),
        "members": members or {"tiny_words-1.0/words.txt": sha256(TEXT.encode())},
        "percent": {"train": 80, "validation": 10, "test": 10},
        **changes,
    }
    values = {
        "name": "words",
        "title": "Words",
        "applications": ["text_generation"],
        "source": source,
        "licence": "none",
        "language": "none",
        "splits": {},
        "url": "none",
    }
    Path("words.yaml").write_text(yaml.safe_dump(values))
    return "words.yaml"


@pytest.fixture(autouse=True)
def _pip(monkeypatch):
    """A pip that is configured by nothing but what the test says."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture
def index(monkeypatch):
    """Puts an archive into a local simple index, where it is pip's only one."""

    def publish(archive):
        folder = Path("index/tiny-words")
        folder.mkdir(parents=True)
        (folder / FILE).write_bytes(archive)
        (folder / "index.html").write_text(f'<a href="{FILE}">{FILE}</a><a href="tiny_words-0.9.tar.gz">old</a>')
        monkeypatch.setenv("PIP_INDEX_URL", Path("index").resolve().as_uri())
        return archive

    return publish


def cached():
    folder = cache_folder()
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_members_come_into_the_cache_and_split_by_hash(index):
    source = Package(card(index(sdist())))
    assert source.dataset == "words"
    with pytest.raises(UserError, match="not in the cache yet"):
        source.rows("train")
    source.prepare()
    assert cached() == [f"packages/{FILE}/tiny_words-1.0/words.txt"]
    rows = {split: [row["text"] for row in source.rows(split)] for split in SPLITS}
    assert sorted(rows["train"] + rows["validation"] + rows["test"]) == sorted(LINES)
    assert 220 < len(rows["train"]) < 260
    assert 15 < len(rows["validation"]) < 50
    for split, low, high in (("train", 0, 80), ("validation", 80, 90), ("test", 90, 100)):
        assert rows[split] == [line for line in LINES if low <= int(sha256(line.encode())[:8], 16) % 100 < high]
    assert not Path("/tmp/rnnbench-setup-ran").exists()
    assert not list(Path.cwd().parent.glob("evil.txt"))


def test_a_second_time_asks_no_index_and_a_damaged_file_is_fetched_anew(index, monkeypatch):
    source = Package(card(index(sdist())))
    source.prepare()
    with monkeypatch.context() as patched:
        patched.setattr("rnnbench.data.fetched.fetch.download", lambda *_: pytest.fail("asked the index"))
        source.prepare()
    path = Path(cache_folder(), "packages", FILE, "tiny_words-1.0/words.txt")
    path.write_bytes(b"damaged")
    with pytest.raises(UserError, match="SHA-256"):
        source.rows("train")
    source.prepare()
    assert path.read_bytes() == TEXT.encode()


def test_links_of_a_folder_and_a_second_index_are_asked_too(index, monkeypatch):
    name = card(index(sdist()))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", os.environ["PIP_INDEX_URL"])
    monkeypatch.setenv("PIP_INDEX_URL", "file:///nowhere")
    Package(name).prepare()
    monkeypatch.setenv("RNNBENCH_CACHE", "cache2")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL")
    monkeypatch.setenv("PIP_FIND_LINKS", str(Path("index/tiny-words").resolve()))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    Package(name).prepare()
    assert Path("cache2/packages", FILE).is_dir()


def test_a_wrong_checksum_leaves_nothing_behind(index):
    archive = index(sdist())
    source = Package(card(archive, sha256="0" * 64))
    with pytest.raises(UserError) as caught:
        source.prepare()
    assert "0" * 64 in caught.value.problem
    assert sha256(archive) in caught.value.problem
    assert cached() == []


def test_the_checksum_comes_before_the_archive_is_opened(index, monkeypatch):
    source = Package(card(index(sdist()), sha256="0" * 64))
    monkeypatch.setattr("rnnbench.data.fetched.fetch.read_members", lambda *_: pytest.fail("opened"))
    with pytest.raises(UserError, match="SHA-256"):
        source.prepare()


def test_a_wrong_member_leaves_nothing_behind(index):
    members = {"tiny_words-1.0/words.txt": sha256(TEXT.encode()), "tiny_words-1.0/setup.py": "0" * 64}
    with pytest.raises(UserError, match="the card words is wrong"):
        Package(card(index(sdist()), members)).prepare()
    assert cached() == []


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/passwd", "tiny_words-1.0/../../evil.txt"])
def test_a_card_cannot_lead_out_of_the_cache(name, index):
    with pytest.raises(UserError, match="no plain relative path"):
        Package(card(index(sdist()), {name: sha256(b"evil")}))
    with pytest.raises(UserError, match="no plain relative path"):
        Package(card(b"", file=name))


def test_a_link_in_the_archive_is_not_followed(index):
    link = tarfile.TarInfo("tiny_words-1.0/link.txt")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    members = {"tiny_words-1.0/link.txt": sha256(b"")}
    with pytest.raises(UserError, match="no regular file"):
        Package(card(index(sdist(link)), members)).prepare()
    assert cached() == []


def test_an_index_that_cannot_be_reached_is_named_with_the_way_out(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        # Bound and not listening: the port is closed and stays so.
        monkeypatch.setenv("PIP_INDEX_URL", f"http://me:secret@127.0.0.1:{port}/simple")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with pytest.raises(UserError) as caught:
            Package(card(b"")).prepare()
    message = str(caught.value)
    assert f"127.0.0.1:{port}/simple" in message
    assert "refused" in message
    assert "secret" not in message
    assert "--data.source Files --data.source.path" in caught.value.hint
    assert cached() == []


def test_an_index_without_the_package_is_named(index, caplog):
    index(sdist())
    with pytest.raises(UserError, match="could not be fetched") as caught:
        Package(card(b"", requirement="tiny-words==2.0", file="tiny_words-2.0.tar.gz")).prepare()
    assert "index: not there" in caught.value.problem
    with pytest.raises(UserError, match="not there"):
        Package(card(b"", requirement="absent==2.0", file="absent-2.0.tar.gz")).prepare()
    assert caplog.records == []


@pytest.fixture
def web(monkeypatch):
    """Serves the working folder on this machine; below `half/` downloads break off, `moved/` leads on."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            if self.path.startswith("/half/"):
                self.path = self.path.removeprefix("/half")
                self.wfile = io.BytesIO()
                super().do_GET()
                sent = self.wfile.getvalue()
                self.connection.sendall(sent[:-100] if self.path.endswith(".gz") else sent)
                self.close_connection = True
            elif self.path.startswith("/moved/"):
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/moved"))
                self.end_headers()
            else:
                super().do_GET()

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_index_on_the_network(index, web, monkeypatch, caplog):
    name = card(index(sdist()))
    monkeypatch.setenv("PIP_INDEX_URL", f"{web}/nowhere")
    with pytest.raises(UserError, match="404"):
        Package(name).prepare()
    monkeypatch.setenv("PIP_INDEX_URL", f"{web}/moved/index")
    Package(name).prepare()
    assert cached() == [f"packages/{FILE}/tiny_words-1.0/words.txt"]
    assert caplog.records == []


def test_a_download_that_breaks_off_is_not_taken_for_the_file(index, web, monkeypatch):
    name = card(index(sdist()))
    monkeypatch.setenv("PIP_INDEX_URL", f"{web}/half/index")
    with pytest.raises(UserError, match="could not be fetched"):
        Package(name).prepare()
    assert cached() == []
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{web}/index")
    Package(name).prepare()
    assert cached() == [f"packages/{FILE}/tiny_words-1.0/words.txt"]


def test_no_index_at_all(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "true")
    with pytest.raises(UserError, match="configured for no index"):
        Package(card(b"")).prepare()


def test_settings_come_from_files_and_environment(monkeypatch):
    Path("pip.conf").write_text(
        "[global]\nindex-url = https://one/simple\nextra-index-url =\n    https://two/simple\n    https://three/simple\n"
        "timeout = 7\ncert = /some/ca.pem\ntrusted-host = one\n[install]\nfind-links = /links\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(Path("pip.conf").resolve()))
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:it's@env/simple")
    settings = index_settings()
    assert settings.index_urls == ("https://me:it's@env/simple", "https://two/simple", "https://three/simple")
    assert settings.find_links == ("/links",)
    assert settings.timeout == 7
    assert settings.certificates == "/some/ca.pem"
    assert settings.trusted_hosts == ("one",)


def test_settings_of_a_python_without_pip(monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    monkeypatch.setenv("PIP_INDEX_URL", "https://env/simple")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/ca.pem")
    assert index_settings().index_urls == ("https://env/simple",)
    assert index_settings().certificates == "/ca.pem"


def test_certificates_that_are_not_there_are_told(monkeypatch):
    monkeypatch.setenv("PIP_CERT", "/nowhere/ca.pem")
    monkeypatch.setenv("PIP_INDEX_URL", "https://127.0.0.1:9/simple")
    with pytest.raises(UserError, match="certificates cannot be read"):
        Package(card(b"")).prepare()


def test_percent_has_to_be_whole():
    with pytest.raises(UserError, match="100 in all"):
        Package(card(b"", percent={"train": 80, "validation": 10, "test": 9}))
    with pytest.raises(UserError, match="100 in all"):
        Package(card(b"", percent={"train": 90, "test": 10}))


def _prepare(name, start):
    start.wait()
    Package(name).prepare()


def test_two_processes_may_fetch_at_once(index):
    name = card(index(sdist()))
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    processes = [context.Process(target=_prepare, args=(name, start)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert cached() == [f"packages/{FILE}/tiny_words-1.0/words.txt"]
    assert len(Package(name).rows("train")) > 200


@pytest.mark.network
@pytest.mark.parametrize("name", [name for name in card_names() if isinstance(load_card(name).source, InPackage)])
def test_packages_hold_what_the_card_says(name, monkeypatch, cache):
    monkeypatch.undo()
    monkeypatch.setenv("RNNBENCH_CACHE", str(cache))
    source = Package(name)
    source.prepare()
    for split in SPLITS:
        rows = source.rows(split)
        size = load_card(name).splits[split]
        assert len(rows) == size.rows
        assert size.characters in (None, sum(len(row.get("text", "")) for row in rows))
