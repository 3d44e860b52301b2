"""What a resume may change and what it may not; whatever is refused leaves every file of the run as it was."""

import csv
import json
import signal

import pytest
import torch
import yaml

from rnnbench.platform.checkpoint import RunCheckpoint
from rnnbench.results.record import read_result


def files(run):
    return {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def steps_with(run, column):
    with (run / "metrics.csv").open() as file:
        return [(int(row["step"]), row[column]) for row in csv.DictReader(file) if row.get(column)]


@pytest.fixture
def finished(rnnbench, small, tmp_path):
    """A run of two epochs that is trained and tested."""
    assert rnnbench(f"fit {small} --trainer.max_epochs 2 --name a", debug=True).status == 0
    run = tmp_path / "runs/text_generation/a"
    assert rnnbench(f"test --run {run}", debug=True).status == 0
    return run


REFUSED = [
    ("--trainer.max_epochs 0", ["max_epochs=0"]),
    ("--data.batch_size 5 --trainer.max_epochs 4", ["--data.batch_size", "begun with 4, and 5 would make"]),
    ("--seed_everything 3 --trainer.max_epochs 4", ["--seed_everything", "begun with 1, and 3 would"]),
    ("--trainer.gradient_clip_val 0.1", ["--trainer.gradient_clip_val"]),
    ("--trainer.accumulate_grad_batches 2", ["--trainer.accumulate_grad_batches", "begun with 1, and 2"]),
    ("--trainer.val_check_interval 100", ["--trainer.val_check_interval", "begun with None, and 100"]),
    ("--trainer.precision 64", ["--trainer.precision"]),
    ("--model.dropout 0.5", ["--model.dropout", "begun with 0.0, and 0.5"]),
    ("--model.optimizer SGD --model.optimizer.lr 1", ["--model.optimizer\n", "Adam", "SGD"]),
    ("--model.scheduler null", ["--model.scheduler", "ExponentialLR"]),
    ("--data.sequence_length 99 --data.level word", ["--data.level", "; --data.sequence_length: 100, now 99"]),
]


@pytest.mark.slow
def test_what_is_refused_changes_nothing(rnnbench, finished):
    before = files(finished)
    for words, expected in REFUSED:
        refused = rnnbench(f"fit --resume {finished} {words}")
        assert refused.status == 2
        for part in expected:
            assert part in refused.err
        assert files(finished) == before


def test_other_data_are_refused_again_and_again_and_the_right_ones_go_on(rnnbench, finished, corpus, tmp_path):
    before = files(finished)
    other = tmp_path / "other"
    other.mkdir()
    for path in corpus.iterdir():
        (other / path.name).write_text(path.read_text().replace("cat", "act"))
    for _ in range(2):
        refused = rnnbench(f"fit --resume {finished} --trainer.max_epochs 3 --data.source.path {other}")
        assert refused.status == 2
        assert "the data have changed since the run began" in refused.err
        assert files(finished) == before
    corpus.rename(tmp_path / "moved")
    moved = f"--data.source.path {tmp_path / 'moved'} --checkpoint.every_minutes 3"
    assert rnnbench(f"fit --resume {finished} --trainer.max_epochs 3 {moved}", debug=True).status == 0
    assert read_result(finished / "result.json").training.epochs == 3
    # What it went on with is what it goes on with the next time.
    assert yaml.safe_load((finished / "config.yaml").read_text())["trainer"]["max_epochs"] == 3


def test_a_configuration_that_was_edited_is_noticed(rnnbench, finished):
    config = finished / "config.yaml"
    config.write_text(config.read_text().replace("batch_size: 4", "batch_size: 3"))
    refused = rnnbench(f"fit --resume {finished}")
    assert refused.status == 2
    assert "begun with 4, and 3" in refused.err


def test_a_finished_run_stays_as_it_is_until_a_further_batch_is_done(rnnbench, finished, monkeypatch):
    from rnnbench.tasks.text_generation import LanguageModel

    before = files(finished)

    def broken(self, batch, batch_idx):
        raise TypeError("a mistake")

    with monkeypatch.context() as patch:
        patch.setattr(LanguageModel, "training_step", broken)
        assert rnnbench(f"fit --resume {finished} --trainer.max_epochs 4").status == 1
    assert files(finished) == before
    done = rnnbench(f"fit --resume {finished}", debug=True)
    assert "nothing is left to train: the run has ended at step 10" in done.out
    assert files(finished) == before


def test_a_finished_run_without_its_last_checkpoint_is_not_trained_again(rnnbench, finished):
    (finished / "checkpoints/last.ckpt").unlink()
    before = files(finished)
    refused = rnnbench(f"fit --resume {finished}")
    assert refused.status == 2
    assert "its last checkpoint was removed: there is nothing to go on from" in refused.err
    assert files(finished) == before


def test_a_damaged_record_is_written_again_from_the_checkpoint(rnnbench, finished):
    before = read_result(finished / "result.json")
    (finished / "result.json").write_text('{"schema_version": 2, "appl')
    refused = rnnbench(f"test --run {finished}")
    assert refused.status == 2
    assert "rnnbench fit --resume RUN" in refused.err
    assert rnnbench(f"fit --resume {finished}", debug=True).status == 0
    after = read_result(finished / "result.json")
    assert (after.status, after.command, after.preset) == ("finished", before.command, before.preset)
    assert after.metrics == {"validation": before.metrics["validation"]}
    assert (after.training.steps, after.training.tokens) == (before.training.steps, before.training.tokens)


def test_killed_while_the_data_are_read_it_can_be_resumed_and_knows_its_command(rnnbench, small, monkeypatch, tmp_path):
    from rnnbench.tasks.text_generation import LanguageModel, TextData

    class Killed(BaseException):
        pass

    def killed(self, stage):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(TextData, "setup", killed)
        # A kill gives nobody the time to clear up.
        patch.setattr("rnnbench.platform.run_folder.RunFolder.discard_if_unused", lambda _: None)
        patch.setattr("sys.argv", ["rnnbench", "fit", "the", "first", "--debug"])
        with pytest.raises(Killed):
            rnnbench(f"fit {small} --trainer.max_epochs 1 --name a")
    run = tmp_path / "runs/text_generation/a"
    assert {path.name for path in run.iterdir()} == {".lock", "config.yaml", "request.json"}
    exists = rnnbench(f"fit {small} --trainer.max_epochs 1 --name a")
    assert (exists.status, "--resume" in exists.err) == (2, True)
    monkeypatch.setattr("sys.argv", ["rnnbench", "fit", "--resume", "a"])
    # A refused resume takes nothing away either.
    with monkeypatch.context() as patch:
        patch.setattr(LanguageModel, "build", killed)
        with pytest.raises(Killed):
            rnnbench(f"fit --resume {run}")
    assert rnnbench(f"fit --resume {run}", debug=True).status == 0
    result = read_result(run / "result.json")
    assert (result.command, result.preset) == ("rnnbench fit the first", "text_generation/char_lstm")


@pytest.mark.slow
def test_a_longer_training_says_so_in_its_command(rnnbench, small, monkeypatch, tmp_path):
    run = tmp_path / "runs/text_generation/a"
    monkeypatch.setattr("sys.argv", ["rnnbench", "fit", "x"])
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name a", debug=True).status == 0
    monkeypatch.setattr("sys.argv", ["rnnbench", "fit", "--resume", "a", "--trainer.max_epochs", "2"])
    assert rnnbench(f"fit --resume {run} --trainer.max_epochs 2", debug=True).status == 0
    monkeypatch.setattr("sys.argv", ["rnnbench", "fit", "--resume", "a"])
    assert rnnbench(f"fit --resume {run} --checkpoint.every_minutes 3", debug=True).status == 0
    command = "rnnbench fit x && rnnbench fit --resume a --trainer.max_epochs 2"
    assert read_result(run / "result.json").command == command
    assert json.loads((run / "request.json").read_text())["command"] == command


@pytest.mark.slow
@pytest.mark.parametrize("accumulated", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_budget_in_epochs_is_spent_once_however_often_it_is_resumed(
    rnnbench, small, killed_after, same_weights, tmp_path, accumulated
):
    options = f"{small} --trainer.max_epochs -1 --budget.epochs 2.6 --checkpoint.every_n_steps 1"
    options += f" --trainer.accumulate_grad_batches {accumulated}"
    runs = tmp_path / "runs/text_generation"
    assert rnnbench(f"fit {options} --name whole", debug=True).status == 0
    whole = read_result(runs / "whole/result.json")
    assert whole.training.steps == {1: 13, 2: 8}[accumulated]
    with killed_after(2):
        rnnbench(f"fit {options} --name killed", debug=True)
    for step in (4, 6):
        with killed_after(step):
            rnnbench("fit --resume runs/text_generation/killed", debug=True)
    assert rnnbench("fit --resume runs/text_generation/killed", debug=True).status == 0
    resumed = read_result(runs / "killed/result.json")
    assert (resumed.training.steps, resumed.training.epochs) == (whole.training.steps, whole.training.epochs)
    assert resumed.metrics == whole.metrics
    assert same_weights(runs / "whole", runs / "killed")


@pytest.mark.parametrize(
    "how",
    [
        "--trainer.max_steps 3",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("--budget.epochs 0.6", "max_time")),
    ],
)
def test_stopped_within_an_epoch_a_longer_training_goes_on_within_it(
    rnnbench, small, same_weights, monkeypatch, tmp_path, how
):
    from lightning.pytorch.callbacks import Timer

    def stop_at_three(self, trainer):
        trainer.should_stop = trainer.global_step >= 3

    options = f"fit {small} --model.dropout 0.3"
    assert rnnbench(f"{options} --trainer.max_epochs 2 --name whole", debug=True).status == 0
    with monkeypatch.context() as patch:
        if how == "max_time":
            how = "--trainer.max_time 00:01:00:00"
            patch.setattr(Timer, "_check_time_remaining", stop_at_three)
        assert rnnbench(f"{options} {how} --name part", debug=True).status == 0
    runs = tmp_path / "runs/text_generation"
    assert read_result(runs / "part/result.json").training.steps == 3
    more = "--trainer.max_epochs 2 --trainer.max_steps -1 --budget.epochs null"
    more += " --trainer.max_time 01:00:00:00" if "max_time" in how else ""
    done = rnnbench(f"fit --resume {runs / 'part'} {more}", debug=True)
    assert "before any validation" not in done.out
    assert read_result(runs / "part/result.json").training.epochs == 2
    validated = [step for step, _ in steps_with(runs / "part", "validation/perplexity")]
    assert [step for step in validated if step != 3] == [5, 10]
    assert same_weights(runs / "whole", runs / "part")


@pytest.mark.slow
def test_validation_every_so_many_steps_keeps_its_steps(rnnbench, small, killed_after, tmp_path):
    """Counted over epochs: Lightning's count of batches was one ahead after every resume."""
    often = "--trainer.check_val_every_n_epoch null --trainer.val_check_interval 3"
    options = f"fit {small} --trainer.max_epochs 3 --checkpoint.every_n_steps 1 {often}"
    with killed_after(4):
        rnnbench(f"{options} --name a", debug=True)
    with killed_after(8):
        rnnbench("fit --resume runs/text_generation/a", debug=True)
    assert rnnbench("fit --resume runs/text_generation/a", debug=True).status == 0
    steps = [step for step, _ in steps_with(tmp_path / "runs/text_generation/a", "validation/perplexity")]
    assert steps == [3, 6, 9, 12, 15]


def test_a_second_control_c_ends_at_once_and_the_first_says_what_it_does(rnnbench, small, monkeypatch, tmp_path):
    said = []

    def twice(self, trainer, batch_idx):
        if trainer.global_step == 2:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return False, False

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(RunCheckpoint, "_decide", twice)
    monkeypatch.setattr("rnnbench.platform.checkpoint.os.write", lambda number, line: said.append((number, line)))
    try:
        stopped = rnnbench(f"fit {small} --name a")
        assert stopped.status == 130
        assert signal.getsignal(signal.SIGINT) is before
    finally:
        signal.signal(signal.SIGINT, before)
    assert read_result(tmp_path / "runs/text_generation/a/result.json").status == "interrupted"
    assert said == [(2, b"stopping after this step and saving; once more to stop at once\n")]
    assert "interrupted at once" in stopped.err


def test_two_runs_are_not_trained_into_one_folder(rnnbench, finished, monkeypatch):
    from rnnbench.platform import run_lock
    from rnnbench.platform.run_folder import RunFolder

    monkeypatch.setattr("rnnbench.platform.run_lock._WAIT_SECONDS", 0.0)
    before = files(finished)
    with run_lock.locked(RunFolder(finished)):
        refused = rnnbench(f"fit --resume {finished} --trainer.max_epochs 4")
    assert refused.status == 2
    assert "another process trains this run" in refused.err
    assert files(finished) == before


@pytest.mark.slow
def test_checkpoints_of_other_models_are_told_in_a_line(rnnbench, finished, small):
    best = finished / "checkpoints/best.ckpt"
    alone = rnnbench(f"fit {small} --name b --ckpt_path {best}")
    assert (alone.status, "no training to go on with" in alone.err) == (2, True)
    content = torch.load(best, weights_only=True)
    for spoil, says in (
        (lambda state: state.pop("output.bias"), "Missing key(s)"),
        (lambda state: state.update({"output.bias": torch.zeros(3)}), "size mismatch for output.bias"),
    ):
        state = dict(content["state_dict"])
        spoil(state)
        torch.save({**content, "state_dict": state}, best)
        refused = rnnbench(f"test --run {finished}")
        assert refused.status == 2
        assert "these are weights of another model: " in refused.err
        assert says in refused.err
        assert str(best) in refused.err
