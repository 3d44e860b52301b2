"""Units that follow something of a text are found, and the page holds what it shows."""

import base64
import json
import re

import pytest
import torch

from rnnbench.cells import LSTM, NTM
from rnnbench.diagnostics.states import features, followers, page, states_of
from rnnbench.diagnostics.unroll import unroll

TEXT = 'He said "go (now) on"\nto A1.'


def test_features_of_a_text():
    found = {name: value.tolist() for name, value in features(list(TEXT)).items()}
    assert found["position in the line"] == [*range(22), *range(6)]
    assert found["depth of brackets"] == [float(12 <= place <= 16) for place in range(len(TEXT))]
    assert [TEXT[k] for k in range(len(TEXT)) if found["within quotes"][k]] == list('"go (now) on')
    assert [TEXT[k] for k in range(len(TEXT)) if found["capital"][k]] == ["H", "A"]
    assert [TEXT[k] for k in range(len(TEXT)) if found["digit"][k]] == ["1"]


def test_nested_and_unopened_brackets():
    depth = features(list("(a[b]))c("))["depth of brackets"].tolist()
    assert depth == [1, 1, 2, 2, 2, 1, 0, 0, 1]


def test_a_token_of_several_characters_is_their_mean():
    assert features(["ab", " ", "C1"])["capital"].tolist() == [0, 0, 0.5]


def test_followers():
    torch.manual_seed(0)
    wanted = features(list(TEXT * 4))
    values = torch.randn(len(TEXT) * 4, 9, dtype=torch.float64)
    values[:, 3] = -wanted["within quotes"] + 0.1 * values[:, 3]
    values[:, 5] = 1.0  # never changes
    found = followers(values, {**wanted, "never": torch.zeros(len(TEXT) * 4)}, most=3)
    unit, correlation = found["within quotes"][0]
    assert unit == 3
    assert -1 <= correlation < -0.95
    assert "never" not in found
    assert all(len(units) == 3 for units in found.values())


def test_the_page_holds_the_values_and_no_tag_of_the_text():
    torch.manual_seed(0)
    run = unroll(LSTM(3, 4), torch.randn(1, 6, 3))
    states = states_of("backbone, layer 1 (LSTM)", run)
    assert states.units[5] == "leaf 1, unit 1"
    pieces = ["<", "/script>", "a", "\n", "ä", "<b>"]
    written = page("<i>", pieces, [states])
    assert "http" not in written.replace("http-equiv", "")
    assert written.count("</script>") == 2
    assert "<b>" not in written
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', written, re.DOTALL)[1])
    assert data["pieces"] == pieces
    (cell,) = data["cells"]
    levels = torch.frombuffer(bytearray(base64.b64decode(cell["levels"])), dtype=torch.int8).view(6, 8)
    shown = levels / 127 * torch.tensor(cell["scales"])
    assert float((shown - states.values).abs().max()) < 0.01


def test_a_matrix_is_no_unit():
    run = unroll(NTM(3, 4, num_locations=5, location_size=2), torch.zeros(1, 3, 3))
    assert states_of("memory", run).values.shape == (3, 4 + 4 + 16)


@pytest.mark.parametrize("pieces", [["", "a"], ["\ufffd", "\ufffd"]])
def test_pieces_without_a_character(pieces):
    assert all(len(value) == 2 for value in features(pieces).values())
