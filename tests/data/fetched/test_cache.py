import threading
from pathlib import Path

import pytest

from rnnbench.data.fetched.cache import write_to_cache
from rnnbench.errors import UserError
from rnnbench.folders import cache_folder


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RNNBENCH_CACHE", "~/own")
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("RNNBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/rnnbench")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "rnnbench"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / ".cache" / "rnnbench"


def test_a_file_is_never_seen_in_part(tmp_path):
    path = tmp_path / "new" / "file"
    contents = [bytes([i]) * 300_000 for i in range(4)]
    write_to_cache(path, contents[0])
    threads = [threading.Thread(target=lambda c=c: [write_to_cache(path, c) for _ in range(20)]) for c in contents]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert path.read_bytes() in contents
    for thread in threads:
        thread.join()
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_breaks_off_leaves_nothing(monkeypatch, tmp_path):
    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="No space left") as caught:
        write_to_cache(tmp_path / "file", b"x")
    assert "RNNBENCH_CACHE" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
