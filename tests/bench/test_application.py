"""The comparison of whole training steps runs, and its section of the file replaces the one before."""

import functools
from pathlib import Path

import pytest
import torch

import rnnbench.bench.application
from rnnbench.backbone import Backbone
from rnnbench.bench.application import main
from rnnbench.bench.sections import sections_of, with_section
from rnnbench.bench.training_step import Layers
from rnnbench.cells import GRU, LSTM, PeepholeLSTM
from rnnbench.errors import UserError

TINY = [
    "sentiment/builtin",
    "--model.backbone.engine",
    "reference",
    "--model.backbone.hidden_size",
    "4",
    "--rounds",
    "1",
    "--batches",
    "2",
    "--threads",
    "1",
]


@pytest.fixture
def in_this_process(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rnnbench.bench.application, "run_fresh", lambda threads, env, function, *args: function(*args))


def test_the_section_has_three_rows(in_this_process, capsys):
    Path("BENCHMARKS.md").write_text("# Benchmarks\n\nkept\n")
    assert main(TINY) == 0
    text = Path("BENCHMARKS.md").read_text()
    assert text.startswith("# Benchmarks\n\nkept\n")
    assert text.count("<!-- section:") == text.count("## Training an application: BiLSTM 1x4, max") == 1
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows[1:]] == ["| ours", "| torch.nn, padded", "| torch.nn, packed"]
    assert rows[1][2] == "1.00"
    assert rows[1][3].rstrip(" |").endswith("%")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("cell", [LSTM, GRU])
def test_the_layers_are_the_same_mathematics(cell, packed):
    torch.manual_seed(0)
    backbone = Backbone(3, cell, hidden_size=4, num_layers=2, bidirectional=True, engine="torch")
    layers = Layers(backbone, packed)
    ours = [weight for cells in backbone.cells for one in cells for weight in one.parameters()]
    theirs = list(layers.parameters())
    assert [one.shape for one in ours] == [one.shape for one in theirs]
    with torch.no_grad():
        for here, there in zip(theirs, ours, strict=True):
            here.copy_(there)
    lengths = torch.tensor([5, 2]) if packed else torch.tensor([5, 5])
    x = torch.randn(2, 5, 3)
    torch.testing.assert_close(layers(x, lengths)[0], backbone(x, lengths)[0])


@pytest.mark.parametrize("options", [{"cell": PeepholeLSTM}, {"layer_norm": True}, {"connect": "dense"}])
def test_a_stack_that_torch_does_not_have(options):
    with pytest.raises(UserError, match=r"torch\.nn has no such layers"):
        Layers(functools.partial(Backbone, hidden_size=4, num_layers=2)(3, **options), packed=False)


def test_sections_are_kept_in_order(tmp_path):
    path = tmp_path / "B.md"
    text = with_section(with_section("# Engine\n", "a", "first"), "b", "second")
    path.write_text(with_section(text, "a", "third"))
    kept = sections_of(path)
    assert "Engine" not in kept
    assert "first" not in kept
    assert kept.index("third") < kept.index("second")
    assert sections_of(tmp_path / "none.md") == ""
