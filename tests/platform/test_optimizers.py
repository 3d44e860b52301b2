"""NT-ASGD against the algorithm written out, and in runs."""

import copy

import pytest
import torch

from rnnbench.cli import main
from rnnbench.platform.checkpoint import RunCheckpoint, RunInterrupted
from rnnbench.platform.optimizers import NTASGD
from rnnbench.tasks.text_generation.model import TextModel


def problem(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Linear(3, 2).double()


def steps(model, optimizer, number, seed):
    """Some steps on noisy data; the weights after each."""
    generator = torch.Generator().manual_seed(seed)
    after = []
    for _ in range(number):
        optimizer.zero_grad()
        model(torch.randn(4, 3, generator=generator).double()).square().sum().backward()
        optimizer.step()
        after.append([value.detach().clone() for value in model.parameters()])
    return after


@pytest.mark.parametrize(
    ("values", "patience", "triggered_at"),
    [
        ([5, 4, 3, 2, 1], 1, None),
        ([5, 4, 4.5, 4.6], 1, 3),  # 4.6 > min(5, 4); 4.5 only looks back to 5
        ([5, 4, 6], 1, 2),
        ([5, 4, 4.5], 0, 2),
        ([5, 4, 3, 3.5, 3.6, 3.7], 2, 5),
        ([5, 5, 5, 5], 1, None),
    ],
)
def test_trigger_is_that_of_algorithm_1(values, patience, triggered_at):
    optimizer = NTASGD(problem().parameters(), lr=0.1, patience=patience)
    logs, found = [], None
    for check, value in enumerate(values):
        optimizer.observe(value)
        if found is None and optimizer.param_groups[0]["averaged"] is not None:
            found = check
        logs.append(value)
    assert found == triggered_at


def test_average_of_all_weights_since_the_trigger():
    model, plain = problem(), problem()
    optimizer = NTASGD(model.parameters(), lr=0.05, patience=0, momentum=0.3, weight_decay=0.1)
    sgd = torch.optim.SGD(plain.parameters(), lr=0.05, momentum=0.3, weight_decay=0.1)
    assert all(
        torch.equal(*pair) for pair in zip(steps(model, optimizer, 3, 1)[-1], steps(plain, sgd, 3, 1)[-1], strict=True)
    )
    optimizer.swap()
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), plain.parameters(), strict=True))
    optimizer.observe(1.0)
    optimizer.observe(2.0)
    assert not optimizer.averaging, "no step was taken yet"
    after, expected = steps(model, optimizer, 5, 2), steps(plain, sgd, 5, 2)
    assert all(torch.equal(*pair) for pair in zip(after[-1], expected[-1], strict=True)), "the steps are unaveraged"
    optimizer.swap()
    for index, value in enumerate(model.parameters()):
        torch.testing.assert_close(value.detach(), torch.stack([one[index] for one in after]).mean(0))
    optimizer.swap()
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), after[-1], strict=True))


@pytest.mark.parametrize("stop_after", [0, 1, 2, 3])
def test_state_resumes_bit_for_bit(stop_after):
    values = [3.0, 2.0, 2.5, 2.6]

    def train(model, optimizer, checks):
        for check in checks:
            steps(model, optimizer, 3, seed=check)
            optimizer.observe(values[check])

    whole = problem()
    optimizer = NTASGD(whole.parameters(), lr=0.05, patience=1, momentum=0.5)
    train(whole, optimizer, range(4))
    steps(whole, optimizer, 2, seed=9)

    first = problem()
    before = NTASGD(first.parameters(), lr=0.05, patience=1, momentum=0.5)
    train(first, before, range(stop_after))
    second = problem(seed=5)
    second.load_state_dict(first.state_dict())
    after = NTASGD(second.parameters(), lr=0.05, patience=1, momentum=0.5)
    after.load_state_dict(copy.deepcopy(before.state_dict()))
    train(second, after, range(stop_after, 4))
    steps(second, after, 2, seed=9)
    for _ in range(2):
        assert all(torch.equal(*pair) for pair in zip(whole.parameters(), second.parameters(), strict=True))
        optimizer.swap()
        after.swap()
    assert after.averaging


@pytest.fixture
def options(tmp_path):
    (tmp_path / "corpus").mkdir()
    # Read backward, what is learned soon stops to help.
    lines = {"train": "to be or not to be\n", "validation": "eb ot ton ro eb ot\n", "test": "not to be\n"}
    for split, line in lines.items():
        (tmp_path / "corpus" / f"{split}.txt").write_text(line * 20)
    (tmp_path / "averaged.yaml").write_text(
        "model: {init_args: {optimizer: {class_path: rnnbench.platform.optimizers.NTASGD,"
        " init_args: {lr: 8.0, patience: 0}}, scheduler: null}}\n"
    )
    return (
        f"fit --config text_generation/char_lstm --config averaged.yaml --data.source Files"
        f" --data.source.path {tmp_path / 'corpus'} --data.batch_size 4 --data.sequence_length 20"
        " --model.backbone.hidden_size 8 --model.embedding_size 4 --model.dropout 0.3 --trainer.max_epochs 8"
        " --checkpoint.every_n_steps 1 --debug"
    ).split()


def test_runs_average_and_resume_with_the_same_bits(options, tmp_path, monkeypatch):
    assert main([*options, "--name", "whole"]) == 0

    def save_and_stop(self, trainer, save=RunCheckpoint._save_last):
        save(self, trainer)
        if trainer.global_step == 26:
            raise RunInterrupted

    with monkeypatch.context() as patch:
        patch.setattr(RunCheckpoint, "_save_last", save_and_stop)
        main([*options, "--name", "parts"])
    assert main(["fit", "--resume", "runs/text_generation/parts", "--debug"]) == 0
    checkpoints = {}
    for run in ("whole", "parts"):
        for name in ("last", "best"):
            path = tmp_path / f"runs/text_generation/{run}/checkpoints/{name}.ckpt"
            checkpoints[run, name] = torch.load(path, weights_only=True)
    for name in ("last", "best"):
        a, b = (checkpoints[run, name]["state_dict"] for run in ("whole", "parts"))
        assert all(torch.equal(value, b[key]) for key, value in a.items())
    state = checkpoints["whole", "last"]["optimizer_states"][0]
    assert state["param_groups"][0]["averaged"] > 0, "it was triggered"
    assert len(state["param_groups"][0]["checks"]) == 8
    averages = [state["state"][index]["average"] for index in range(len(state["state"]))]
    weights = list(checkpoints["whole", "last"]["state_dict"].values())
    assert [tuple(value.shape) for value in averages] == [tuple(value.shape) for value in weights]
    assert not any(torch.equal(*pair) for pair in zip(averages, weights, strict=True))
    assert main(["test", "--run", "runs/text_generation/whole", "--debug"]) == 0


def test_the_best_checkpoint_holds_what_was_validated(options, tmp_path, monkeypatch):
    """The averages, evaluated again, give the value by which they were chosen."""
    (tmp_path / "corpus" / "validation.txt").write_text("to be or not to be\n" * 20)

    def average_at_once(self, value, observe=NTASGD.observe):
        observe(self, value)
        for group in self.param_groups:
            group["averaged"] = group["averaged"] or 0

    with monkeypatch.context() as patch:
        patch.setattr(NTASGD, "observe", average_at_once)
        assert main([*options, "--name", "a"]) == 0
    best = tmp_path / "runs/text_generation/a/checkpoints/best.ckpt"
    last = torch.load(tmp_path / "runs/text_generation/a/checkpoints/last.ckpt", weights_only=True)
    checks = last["optimizer_states"][0]["param_groups"][0]["checks"]
    assert min(checks) == checks[-1], "the best came after averaging had begun"
    words = ["validate", *options[1:], "--ckpt_path", str(best)]
    drop = {"--checkpoint.every_n_steps", "--trainer.max_epochs"}
    words = [word for index, word in enumerate(words) if word not in drop and words[index - 1] not in drop]
    seen = []
    real = TextModel.log_metrics
    monkeypatch.setattr(
        TextModel, "log_metrics", lambda self, split: (seen.append(self.likelihood.compute()), real(self, split))
    )
    assert main(words) == 0
    nats, tokens = seen[-1]
    assert float(nats) / tokens == pytest.approx(min(checks), rel=1e-6)
