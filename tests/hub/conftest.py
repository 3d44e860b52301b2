"""A hub, a user who is logged in, and a trained run."""

import shlex
import shutil

import pytest
from hub_server import Hub

from rnnbench.cli import main


@pytest.fixture
def hub(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    pytest.importorskip("safetensors")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    monkeypatch.setenv("HF_TOKEN", "token")
    server = Hub()
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    yield server
    server.close()


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A tiny classifier, trained once."""
    folder = tmp_path_factory.mktemp("runs")
    words = (
        f"fit --config sentiment/builtin --runs {folder} --name films --data.source.train 40 --data.source.held_out 10"
        " --model.backbone.hidden_size 4 --model.embedding.embedding_size 4 --trainer.max_epochs 1 --debug"
    )
    assert main(shlex.split(words)) == 0
    assert main(shlex.split(f"test --run {folder}/sentiment/films --debug")) == 0
    return folder / "sentiment/films"


@pytest.fixture
def run(trained, tmp_path):
    """A copy of it."""
    return shutil.copytree(trained, tmp_path / "films")


@pytest.fixture
def rnnbench(capsys):
    def command(words):
        status = main(shlex.split(words))
        out, err = capsys.readouterr()
        return status, out, err

    return command
