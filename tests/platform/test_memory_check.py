"""The largest batch is tried before training, and leaves no trace."""

import pytest
import torch

from rnnbench.errors import UserError
from rnnbench.platform.memory_check import MemoryCheck
from rnnbench.results.record import read_result


def test_a_run_with_the_check_equals_one_without(own_task, tmp_path, monkeypatch, capsys):
    own_task("fit {own} --trainer.max_epochs 2 --name with")
    assert "the largest batch fits: " in capsys.readouterr().out
    monkeypatch.setattr(MemoryCheck, "on_train_start", lambda *_: None)
    own_task("fit {own} --trainer.max_epochs 2 --name without")
    assert "largest" not in capsys.readouterr().out
    checkpoints = [
        torch.load(tmp_path / f"runs/sentiment/{name}/checkpoints/last.ckpt", weights_only=True)
        for name in ("with", "without")
    ]
    for part in ("state_dict", "optimizer_states", "random_state"):
        flat = [leaves(checkpoint[part]) for checkpoint in checkpoints]
        assert len(flat[0]) == len(flat[1]) > 0
        # In the state of a generator that has drawn no normal number stands NaN.
        assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(*flat, strict=True))
    results = [read_result(tmp_path / f"runs/sentiment/{name}/result.json") for name in ("with", "without")]
    assert results[0].metrics == results[1].metrics
    assert results[0].training.tokens == results[1].training.tokens


def leaves(value):
    if isinstance(value, dict):
        return [leaf for key in sorted(value, key=str) for leaf in leaves(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [value] if isinstance(value, torch.Tensor) else []


def test_a_batch_that_does_not_fit_names_the_option_and_leaves_no_run(own_task, tmp_path):
    with pytest.raises(UserError) as caught:
        own_task("fit {own} --trainer.max_epochs 1 --name big --model.memory 150")
    assert "the largest batch does not fit into memory: tried to allocate 9 GiB" in caught.value.problem
    assert caught.value.hint == "lower --data.max_tokens (now 200)"
    assert not (tmp_path / "runs/sentiment/big").exists()


def test_other_errors_are_not_taken_for_memory(own_task, monkeypatch):
    def broken(self, batch):
        raise RuntimeError("shapes do not fit")

    import length_task

    monkeypatch.setattr(length_task.LengthModel, "loss", broken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        own_task("fit {own} --trainer.max_epochs 1 --name broken")


def test_an_allocation_that_the_cpu_refuses_is_told(own_task, monkeypatch):
    import length_task

    monkeypatch.setattr(length_task.LengthModel, "loss", lambda *_: torch.empty(10**15))
    with pytest.raises(UserError, match="does not fit into memory"):
        own_task("fit {own} --trainer.max_epochs 1 --name refused")


@pytest.mark.parametrize("said", ["", "the fused engine cannot allocate the memory that it works in"])
def test_what_python_and_native_code_cannot_allocate_is_told(own_task, monkeypatch, said):
    def short(self, batch):
        raise MemoryError(*[said] * bool(said))

    import length_task

    monkeypatch.setattr(length_task.LengthModel, "loss", short)
    with pytest.raises(UserError, match=f"does not fit into memory: {said or 'Python has no memory left'}") as caught:
        own_task("fit {own} --trainer.max_epochs 1 --name short")
    assert caught.value.hint == "lower --data.max_tokens (now 200)"


def test_memory_that_is_used_up_later_is_told_too(own_task, monkeypatch):
    import length_task

    honest = length_task.LengthModel.training_step

    def greedy(self, batch, batch_idx):
        return torch.empty(10**15) if self.trainer.global_step == 3 else honest(self, batch, batch_idx)

    monkeypatch.setattr(length_task.LengthModel, "training_step", greedy)
    with pytest.raises(UserError, match="memory is used up at step 3: ") as caught:
        own_task("fit {own} --trainer.max_epochs 1 --name later")
    assert caught.value.hint == "free some, then --resume; or train anew and lower --data.max_tokens (now 200)"
