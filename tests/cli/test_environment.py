"""What happens around a training: caches that cannot be written, folders that vanish, curves that are damaged."""

import csv
import shutil

import pytest
from lightning.pytorch import Callback

from rnnbench.cli.training import run_verb
from rnnbench.data.generated import speech
from rnnbench.errors import UserError


class _Removes(Callback):
    """Removes the run folder in the middle of a training."""

    def __init__(self, when: str) -> None:
        setattr(self, when, self._remove)

    def _remove(self, trainer, *_):
        if trainer.global_step >= 2 and not trainer.sanity_checking:
            shutil.rmtree(trainer.default_root_dir, ignore_errors=True)


@pytest.mark.parametrize("when", ["on_train_batch_end", "on_validation_start", "on_train_end"])
def test_a_run_folder_that_is_removed_is_one_message(small, tmp_path, when):
    words = f"fit {small} --trainer.max_epochs 2 --trainer.log_every_n_steps 50 --runs {tmp_path} --name gone".split()
    folder = tmp_path / "text_generation" / "gone"
    with pytest.raises(UserError) as caught:
        run_verb(words, [_Removes(when)])
    assert caught.value.problem == "this folder is gone: somebody removed or renamed it"
    assert caught.value.where == str(folder)
    assert not folder.exists(), "it is not made again, without what was known of the run"


@pytest.fixture
def trained(rnnbench, small, tmp_path):
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    return tmp_path / "runs" / "text_generation" / "a"


def _resumed(rnnbench, run):
    done = rnnbench(f"fit --resume {run} --trainer.max_epochs 2", debug=True)
    assert done.status == 0
    with (run / "metrics.csv").open() as file:
        return done.out, [int(row["step"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    "damage",
    [
        b"nothing,of,the,kind\n1,2,3,4\n",
        *(pytest.param(one, marks=pytest.mark.slow) for one in (b"\xff\xfe\x00", b"")),
        b'epoch,step\n0,"' + b"x" * 200_000 + b'"\n',
    ],
)
def test_curves_that_cannot_be_read_are_put_aside(rnnbench, trained, damage):
    (trained / "metrics.csv").write_bytes(damage)
    out, steps = _resumed(rnnbench, trained)
    assert "metrics.csv is damaged and begun anew; what stood there is in metrics.damaged.csv" in out
    assert (trained / "metrics.damaged.csv").read_bytes() == damage
    assert steps == [6, 7, 8, 9, 10, 10]


def test_damaged_rows_are_counted_and_the_others_kept(rnnbench, trained):
    path = trained / "metrics.csv"
    first, second, third, *rest = path.read_text().splitlines()
    steps = [int(line.split(",")[1]) for line in (second, *rest)]
    broken = ["0,one,1.0", f"{third},1,2", "0," + "9" * 5000 + "," * (first.count(",") - 1)]
    path.write_text("\n".join([first, second, *broken, *rest, "0,5"]) + "\n")
    out, found = _resumed(rnnbench, trained)
    assert f"{path.name}: 3 damaged rows are left out" in out, "the last one was cut by a crash"
    assert found == [*steps, 6, 7, 8, 9, 10, 10]


def test_a_cache_that_cannot_be_written_is_told_before_a_minute_of_work(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("RNNBENCH_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(speech, "_make", lambda sizes: pytest.fail("made first"))
    with pytest.raises(UserError, match="cannot be written: Not a directory") as caught:
        speech.GeneratedSpeech(3, 1, 1).prepare()
    assert caught.value.hint == "the environment variable RNNBENCH_CACHE names another folder"


def test_a_full_disk_is_told_before_a_minute_of_work(tmp_path, monkeypatch):
    def full(*_args, **_named):
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("RNNBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("rnnbench.data.fetched.cache.tempfile.TemporaryFile", full)
    monkeypatch.setattr(speech, "_make", lambda sizes: pytest.fail("made first"))
    with pytest.raises(UserError, match="cannot be written: No space left on device"):
        speech.GeneratedSpeech(3, 1, 1).prepare()


def test_more_processes_than_cores_are_refused_before_any_is_started(rnnbench, small, tmp_path, monkeypatch):
    monkeypatch.setattr("rnnbench.platform.processes.cores", lambda: 2)
    monkeypatch.delenv("RNNBENCH_OVERSUBSCRIBE")
    done = rnnbench(f"fit {small} --trainer.accelerator cpu --trainer.devices 99")
    assert done.status == 2
    assert "99 processes for 2 cores: they would only wait for each other" in done.err
    assert "ask for at most 2, or start them all the same: RNNBENCH_OVERSUBSCRIBE=1 in the environment" in done.err
    assert list((tmp_path / "runs" / "text_generation").iterdir()) == []


def test_what_is_allowed_is_not_refused(monkeypatch):
    from lightning.pytorch import Trainer

    from rnnbench.platform.processes import check_processes

    monkeypatch.setattr("rnnbench.platform.processes.cores", lambda: 1)
    check_processes(Trainer(accelerator="cpu", devices=3, logger=False))
    monkeypatch.delenv("RNNBENCH_OVERSUBSCRIBE")
    check_processes(Trainer(accelerator="cpu", devices=1, logger=False))
    with pytest.raises(UserError, match="3 processes for 1 core: "):
        check_processes(Trainer(accelerator="cpu", devices=3, logger=False))


def test_a_run_is_named_once_it_begins_and_not_before_an_error_of_its_data(rnnbench, small, tmp_path):
    (tmp_path / "corpus" / "validation.txt").write_bytes(b"\xff")
    done = rnnbench(f"fit {small} --name b")
    assert done.status == 2
    assert "validation.txt" in done.err
    assert done.out == ""
