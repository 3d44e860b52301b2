"""The learning rate at every step, against torch's own loop, for every schedule of torch and ours; and after a kill."""

import csv
import inspect

import pytest
import torch
from torch.optim import lr_scheduler

from rnnbench.cli import main
from rnnbench.platform import schedules
from rnnbench.tasks.base.intervals import counts

TORCH = "torch.optim.lr_scheduler"
OURS = "rnnbench.platform.schedules"
BATCHES, EPOCHS = 5, 4

# Options and what is counted. Schedules made of other schedules or of functions come from a module of one's own.
CASES = {
    f"{TORCH}.StepLR": ({"step_size": 2, "gamma": 0.5}, "epoch"),
    f"{TORCH}.MultiStepLR": ({"milestones": [1, 3], "gamma": 0.5}, "epoch"),
    f"{TORCH}.ConstantLR": ({"factor": 0.5, "total_iters": 2}, "epoch"),
    f"{TORCH}.LinearLR": ({"start_factor": 0.5, "total_iters": 3}, "epoch"),
    f"{TORCH}.ExponentialLR": ({"gamma": 0.7}, "epoch"),
    f"{TORCH}.CosineAnnealingLR": ({"T_max": 4}, "epoch"),
    f"{TORCH}.CosineAnnealingWarmRestarts": ({"T_0": 2}, "epoch"),
    f"{TORCH}.PolynomialLR": ({"total_iters": 6}, "epoch"),
    f"{TORCH}.CyclicLR": ({"base_lr": 0.001, "max_lr": 0.1, "step_size_up": 3}, "step"),
    f"{TORCH}.OneCycleLR": ({"max_lr": 0.1, "total_steps": 20}, "step"),
    f"{OURS}.DecayAfter": ({"constant_epochs": 1, "factor": 0.5}, "epoch"),
    f"{OURS}.WarmUp": ({"warmup_steps": 6}, "step"),
    f"{OURS}.WarmUpCosine": ({"warmup_steps": 3, "total_steps": 15, "final": 0.1}, "step"),
    "own_schedules.Halved": ({}, "epoch"),
    "own_schedules.Growing": ({}, "epoch"),
    "own_schedules.Two": ({}, "epoch"),
    "own_schedules.Both": ({}, "epoch"),
}
OWN = """
from torch.optim.lr_scheduler import *
class Halved(LambdaLR):
    def __init__(self, optimizer): super().__init__(optimizer, half)
class Growing(MultiplicativeLR):
    def __init__(self, optimizer): super().__init__(optimizer, grow)
class Two(SequentialLR):
    def __init__(self, optimizer):
        parts = [ConstantLR(optimizer, 0.1, total_iters=2), ExponentialLR(optimizer, 0.5)]
        super().__init__(optimizer, parts, milestones=[2])
class Both(ChainedScheduler, LRScheduler):
    def __init__(self, optimizer):
        ChainedScheduler.__init__(self, [ConstantLR(optimizer, 0.1, total_iters=2), ExponentialLR(optimizer, 0.5)])
def half(epoch): return 0.5 ** epoch
def grow(epoch): return 1.1
"""


@pytest.fixture
def fit(tmp_path, monkeypatch):
    """Trains a small model with a schedule, and gives the rate of every step and the run."""
    (tmp_path / "own_schedules.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "corpus").mkdir()
    for split, lines in (("train", 53), ("validation", 20), ("test", 20)):
        (tmp_path / "corpus" / f"{split}.txt").write_text("to be or not to be\n" * lines)
    small = (
        "--config text_generation/char_lstm --data.source Files --data.source.path corpus --data.batch_size 4"
        " --data.sequence_length 51 --model.backbone.hidden_size 4 --model.embedding_size 2 --model.optimizer SGD"
        f" --model.optimizer.lr 0.08 --model.optimizer.momentum 0.5 --trainer.max_epochs {EPOCHS}"
        " --trainer.log_every_n_steps 1 --checkpoint.every_n_steps 1"
    ).split()

    def run(name, path, options, *words):
        chosen = [f"--model.scheduler={path}", *(f"--model.scheduler.{key}={value}" for key, value in options.items())]
        assert main(["fit", *small, *chosen, *words, f"--name={name}", "--debug"]) == 0
        return rates(tmp_path / f"runs/text_generation/{name}")

    yield run
    import sys

    sys.modules.pop("own_schedules", None)


def rates(run):
    with (run / "metrics.csv").open() as file:
        return [float(row["learning_rate"]) for row in csv.DictReader(file) if row["learning_rate"]]


def by_torch(path, options, interval, accumulated=1, batches=BATCHES):
    """After each batch, as torch's documentation writes the loop."""
    module, _, name = path.rpartition(".")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.08, momentum=0.5)
    schedule = getattr(__import__(module, fromlist=[name]), name)(optimizer, **options)
    found = []
    for _ in range(EPOCHS):
        for batch in range(1, batches + 1):
            if batch % accumulated == 0 or batch == batches:
                optimizer.step()
                if interval == "step":
                    schedule.step()
            if batch == batches and interval == "epoch":
                schedule.step()
            found.append(optimizer.param_groups[0]["lr"])
    return found


def test_every_schedule_is_looked_at():
    every = {f"{TORCH}.{name}" for name in lr_scheduler.__all__}
    every |= {f"{OURS}.{name}" for name, one in vars(schedules).items() if inspect.isclass(one) and "Warm" in name}
    in_a_module = {f"{TORCH}.{name}" for name in ("LambdaLR", "MultiplicativeLR", "SequentialLR", "ChainedScheduler")}
    assert every - CASES.keys() - in_a_module == {f"{TORCH}.LRScheduler", f"{TORCH}.ReduceLROnPlateau"}


@pytest.mark.parametrize(
    "path", [one if "OneCycle" in one else pytest.param(one, marks=pytest.mark.slow) for one in CASES]
)
def test_the_rate_at_every_step_is_torchs_and_outlives_a_kill(fit, path, killed_after, same_weights, tmp_path):
    options, interval = CASES[path]
    whole = fit("whole", path, options)
    assert len(whole) == EPOCHS * BATCHES
    assert whole == pytest.approx(by_torch(path, options, interval), rel=1e-12)
    with killed_after(8):
        fit("killed", path, options)
    assert main(["fit", "--resume", "runs/text_generation/killed", "--debug"]) == 0
    runs = tmp_path / "runs/text_generation"
    assert rates(runs / "killed") == whole
    assert same_weights(runs / "whole", runs / "killed")


def test_accumulated_batches_are_one_step(fit):
    options, interval = CASES[f"{OURS}.WarmUp"]
    found = fit("a", f"{OURS}.WarmUp", options, "--trainer.accumulate_grad_batches=2")
    assert found == pytest.approx(by_torch(f"{OURS}.WarmUp", options, interval, accumulated=2), rel=1e-12)


def test_the_interval_may_be_chosen(fit):
    path, options = f"{TORCH}.CosineAnnealingLR", {"T_max": 20}
    found = fit("a", path, options, "--scheduler_interval=step")
    assert found == pytest.approx(by_torch(path, options, "step"), rel=1e-12)


def test_what_a_schedule_counts():
    for path, (options, interval) in CASES.items():
        module, _, name = path.rpartition(".")
        if module != "own_schedules":
            optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.08, momentum=0.5)
            assert counts(getattr(__import__(module, fromlist=[name]), name)(optimizer, **options)) == interval


@pytest.mark.parametrize(
    ("path", "options", "says"),
    [
        (
            "OneCycleLR",
            {"max_lr": 0.1, "total_steps": 3},
            "OneCycleLR fails after 4 of 20 steps",
        ),
        ("own_schedules.Wrong", {}, "Wrong fails after 3 of 4 epochs: no rate for 3"),
    ],
)
def test_a_schedule_that_fails_on_the_way_is_found_before_the_training(fit, path, options, says, tmp_path):
    with (tmp_path / "own_schedules.py").open("a") as file:
        file.write(
            "\ndef no_rate(epoch):\n    if epoch == 3: raise ValueError('no rate for 3')\n    return 1.0\n"
            "class Wrong(LambdaLR):\n    def __init__(self, optimizer): super().__init__(optimizer, no_rate)\n"
        )
    from rnnbench.errors import UserError

    with pytest.raises(UserError, match=says):
        fit("a", path, options)
    assert not (tmp_path / "runs/text_generation/a").exists()


def test_a_schedule_that_ends_before_the_training_is_told(fit, capsys):
    fit("a", f"{TORCH}.PolynomialLR", {"total_iters": 2})
    assert "PolynomialLR: the learning rate is 0 from epoch 2 of 4 on" in capsys.readouterr().out
    fit("b", f"{TORCH}.CosineAnnealingLR", {"T_max": 2})
    assert "CosineAnnealingLR: the learning rate rises again after 2 of 4 epochs" in capsys.readouterr().out


PLATEAU = {"patience": 0, "factor": 0.5, "threshold": 0.5}


def test_a_plateau_is_found_after_each_validation_and_outlives_a_kill(fit, killed_after, same_weights, tmp_path):
    whole = fit("whole", "ReduceLROnPlateau", PLATEAU)
    assert whole == [0.08] * 10 + [0.04] * 5 + [0.02] * 5
    with killed_after(13):
        fit("killed", "ReduceLROnPlateau", PLATEAU)
    assert main(["fit", "--resume", "runs/text_generation/killed", "--debug"]) == 0
    runs = tmp_path / "runs/text_generation"
    assert rates(runs / "killed") == whole
    assert same_weights(runs / "whole", runs / "killed")


@pytest.mark.slow
def test_a_plateau_waits_for_validations_not_for_epochs(fit):
    rare = fit("rare", "ReduceLROnPlateau", PLATEAU, "--trainer.check_val_every_n_epoch=2")
    assert rare == [0.08] * 20
    often = fit("often", "ReduceLROnPlateau", PLATEAU, "--trainer.val_check_interval=2")
    assert often[:8] == [0.08] * 4 + [0.04] * 3 + [0.02]


def test_a_metric_that_should_rise_is_not_punished_for_rising():
    """The direction comes from the model or from the metric's card, not from the schedule's default."""
    from rnnbench.platform.scheduling import _mode, _turn

    assert [_mode(f"validation/{name}", None) for name in ("accuracy", "bleu", "perplexity", "nothing_known")] == [
        "max", "max", "min", None
    ]  # fmt: skip
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    _turn(schedule, "max")
    for accuracy in (0.5, 0.6, 0.7):
        schedule.step(accuracy)
    assert optimizer.param_groups[0]["lr"] == 1.0
    schedule.step(0.6)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1)


def test_a_metric_that_nobody_logs_is_named(fit):
    from rnnbench.errors import UserError

    with pytest.raises(UserError, match="nothing is logged as validation/perplexty") as caught:
        fit("a", "ReduceLROnPlateau", {**PLATEAU, "monitor": "validation/perplexty"})
    assert caught.value.hint == "did you mean: validation/perplexity"


def test_the_warm_up_preset(fit):
    found = fit("a", f"{OURS}.WarmUp", {"warmup_steps": 10}, "--config", "warm_up")
    assert found == pytest.approx([0.08 * min(k / 200, (200 / k) ** 0.5) for k in range(2, 22)])
