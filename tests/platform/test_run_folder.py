import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.platform.run_lock import create_run, locked


@pytest.fixture
def create(tmp_path):
    """Makes a run folder, which stays locked for the length of a test."""
    with contextlib.ExitStack() as held:
        yield lambda name, default="x": create_run(tmp_path, "app", name, default, held)


def test_names_count_up(create):
    made = [create(None, "char_lstm").path.name for _ in range(3)]
    assert made == ["char_lstm-1", "char_lstm-2", "char_lstm-3"]


def test_a_run_that_exists_is_left_alone(create):
    run = create("mine")
    run.config.write_text("precious")
    with pytest.raises(UserError, match="a run of this name exists; nothing was changed") as raised:
        create("mine")
    assert "--resume" in raised.value.hint
    assert run.config.read_text() == "precious"


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x"])
def test_a_name_is_one_folder(create, name):
    with pytest.raises(UserError, match="cannot be called"):
        create(name)


def test_open(tmp_path):
    (tmp_path / "first").mkdir()
    with pytest.raises(UserError, match="no such run folder") as caught:
        RunFolder.open(tmp_path / "frist", "--run")
    assert caught.value.hint == "did you mean: first"
    with pytest.raises(UserError, match="no run: it has no config.yaml"):
        RunFolder.open(tmp_path, "--run")


def test_checkpoint_prefers_the_best(tmp_path):
    run = RunFolder(tmp_path)
    with pytest.raises(UserError, match="no checkpoint yet"):
        run.checkpoint()
    run.last.parent.mkdir()
    run.last.touch()
    assert run.checkpoint() == run.last
    run.best.touch()
    assert run.checkpoint() == run.best


def test_an_unused_folder_is_removed_and_a_used_one_is_not(create):
    run = create("a")
    run.config.write_text("")
    run.request.write_text("")
    run.discard_if_unused()
    assert not run.path.exists()
    run = create("a")
    (run.path / "notes").touch()
    run.discard_if_unused()
    assert Path(run.path / "notes").exists()


def test_a_name_whose_process_was_killed_before_it_wrote_anything_is_free(create, tmp_path):
    (tmp_path / "app/a").mkdir(parents=True)
    (tmp_path / "app/a/.lock").touch()
    (tmp_path / "app/a/.request.json.77.tmp").write_text("{")
    run = create("a")
    assert [path.name for path in run.path.iterdir()] == [".lock"]


def test_a_folder_of_somebody_else_is_no_free_name(create, tmp_path):
    (tmp_path / "app/a").mkdir(parents=True)
    (tmp_path / "app/a/notes.txt").touch()
    with pytest.raises(UserError, match="a run of this name exists"):
        create("a")


def test_one_process_at_a_time(tmp_path):
    (tmp_path / "run").mkdir()
    run = RunFolder(tmp_path / "run")
    run.config.write_text("")
    code = "import sys; sys.stdin.read()"
    held = (
        "import sys; from pathlib import Path; from rnnbench.platform.run_folder import RunFolder;"
        "from rnnbench.platform.run_lock import locked\n"
        f"with locked(RunFolder(Path({str(run.path)!r}))): print('held', flush=True); {code}"
    )
    with subprocess.Popen([sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match="another process trains this run"), locked(run, wait=0):
            pass
        other.kill()
    with locked(run, wait=0):
        pass


def test_what_a_killed_process_left_half_written_is_cleared_away(tmp_path):
    run = RunFolder(tmp_path)
    run.config.write_text("")
    run.last.parent.mkdir()
    for path in (
        tmp_path / ".result.json.12.tmp",
        run.last.parent / ".last.ckpt.ab12.tmp",
        run.last.parent / ".last.ckpt.x",
    ):
        path.write_text("half")
    run.last.write_text("whole")
    with locked(run, wait=0):
        assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {".lock", "config.yaml", "last.ckpt"}
