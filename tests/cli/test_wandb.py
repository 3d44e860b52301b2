"""W&B: what a dashboard gets of a run, and what the user is told where there is no network."""

import json

import pytest
import wandb
import yaml

W_AND_B = "--trainer.logger WandbLogger --trainer.max_epochs 1"


@pytest.fixture
def finished(monkeypatch):
    """What each W&B run holds when it is finished."""
    runs = []
    finish = wandb.finish

    def note(exit_code=None, **options):
        run = wandb.run
        summary = {name: run.summary.get(name) for name in ("validation/bits_per_character", "epoch")}
        runs.append((run.id, run.name, run.group, run.tags, dict(run.config), summary, exit_code))
        finish(exit_code=exit_code, **options)

    monkeypatch.setattr(wandb, "finish", note)
    return runs


def test_two_offline_runs(rnnbench, small, tmp_path, finished):
    assert rnnbench(f"fit {small} {W_AND_B} --name one").status == 0
    assert rnnbench(f"fit {small} {W_AND_B} --name two").status == 0
    (first, name, group, tags, config, summary, status), (second, *_) = finished
    assert first != second
    assert (name, group, tags, status) == ("one", "text_generation", ("LSTM", "Files"), 0)
    assert config["data"]["init_args"]["batch_size"] == 4
    assert config["model"]["init_args"]["backbone"]["init_args"]["hidden_size"] == 8
    run = tmp_path / "runs" / "text_generation" / "one"
    recorded = json.loads((run / "result.json").read_text())["metrics"]["validation"]["bits_per_character"]["value"]
    assert summary["validation/bits_per_character"] == pytest.approx(recorded)
    assert list((run / "wandb").glob("offline-run-*/*.wandb"))
    # A resumed run goes on as the same one.
    assert yaml.safe_load((run / "config.yaml").read_text())["trainer"]["logger"]["init_args"]["id"] == first
    assert rnnbench(f"fit --resume {run} --trainer.max_epochs 2").status == 0
    assert finished[2][0] == first


def test_a_crash_ends_the_run_as_failed(rnnbench, small, finished):
    assert rnnbench(f"fit {small} {W_AND_B} --divergence.max_gradient_norm 1e-3").status == 2
    assert [status for *_, status in finished] == [1]


def test_no_network(rnnbench, small, tmp_path, monkeypatch):
    def init(**options):
        raise wandb.errors.CommError("context deadline exceeded")

    monkeypatch.setattr(wandb, "init", init)
    stopped = rnnbench(f"fit {small} {W_AND_B} --name net")
    assert stopped.status == 2
    assert "W&B does not answer: context deadline exceeded" in stopped.err
    assert "--trainer.logger.offline true" in stopped.err
    # The name is free again.
    assert not (tmp_path / "runs" / "text_generation" / "net").exists()
