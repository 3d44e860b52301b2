"""What a diagnosis says and writes."""

import json
from functools import partial

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import LSTM, NTM, TDNN, MatrixLSTM
from rnnbench.diagnostics.diagnosis import diagnose, write
from rnnbench.diagnostics.files import FLOW, GATES, HEADS, MEMORY, NUMBERS
from rnnbench.diagnostics.pictures import draw_flow
from rnnbench.diagnostics.record import watch
from rnnbench.errors import UserError


def looked_at(cell, hidden=4, **options):
    torch.manual_seed(0)
    stack = Backbone(3, cell, hidden, engine="reference", **options)
    with watch(stack) as recordings:
        stack(torch.randn(3, 9, 3), torch.tensor([9, 4, 0]))[0].square().sum().backward()
    return [diagnose(one) for one in recordings]


@pytest.mark.slow
def test_heads_of_a_memory_are_seen(tmp_path):
    cell = partial(NTM, num_locations=6, location_size=3, read_heads=2)
    (found,) = looked_at(cell)
    assert list(found.heads) == ["read head 1", "read head 2", "write head 1"]
    for weights in found.heads.values():
        assert weights.shape == (9, 6)
        torch.testing.assert_close(weights.sum(1), torch.ones(9, dtype=torch.float64))
    assert HEADS in {path.name for path in write(tmp_path / "new", [found], {})}


@pytest.mark.slow
def test_nothing_is_infinite_in_the_file(tmp_path):
    """A delay line forgets altogether: no slope, singular values of zero."""
    found = looked_at(TDNN) + looked_at(partial(LSTM, forget_bias=5.0), bidirectional=True)
    write(tmp_path, found, {"model": "x"})
    numbers = json.loads((tmp_path / NUMBERS).read_text(), parse_constant=pytest.fail)
    assert numbers["model"] == "x"
    assert [one["name"] for one in numbers["cells"]] == ["stack, layer 1", "stack, layer 1", "stack, layer 1 backwards"]
    assert numbers["cells"][0]["gradient"]["growth_per_step"] is None
    assert None in numbers["cells"][0]["jacobians"]["log_singular_values"]["9"]
    assert {path.name for path in tmp_path.iterdir()} >= {FLOW, GATES, MEMORY}


def test_the_legend_of_a_single_cell_is_whole(monkeypatch):
    figures = []
    monkeypatch.setattr("rnnbench.diagnostics.pictures._png", figures.append)
    draw_flow(looked_at(LSTM)[:1])
    (figure,) = figures
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert figure.bbox.x0 <= legend.x0
    assert legend.x1 <= figure.bbox.x1


def test_a_large_state_says_why_it_has_no_jacobians():
    (found,) = looked_at(MatrixLSTM, hidden=40)
    plain = found.plain()
    assert plain["jacobians"] is None
    assert plain["why_no_jacobians"] == "the state has 1,641 numbers, more than 1,024"


def test_nothing_is_written_where_a_picture_fails(tmp_path, monkeypatch):
    found = looked_at(LSTM)
    monkeypatch.setattr("rnnbench.diagnostics.pictures.draw_memory", lambda found: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "new", found, {})
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    for name in ("draw_flow", "draw_gates", "draw_memory"):
        monkeypatch.setattr(f"rnnbench.diagnostics.pictures.{name}", lambda found: None)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be made"):
        write(tmp_path / "file" / "new", looked_at(LSTM), {})
