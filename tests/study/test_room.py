"""What `make reproduce` compares: generated data on which no cell has learned everything after its training."""

import pytest

from rnnbench.cli import main
from rnnbench.cli.presets import config_path
from rnnbench.results.record import read_result
from rnnbench.study import plan
from rnnbench.study.file import read_study

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("preset", "metric"),
    [("sentiment/builtin", "accuracy"), ("labelling/generated_bilstm_crf", "entity_f1")],
)
def test_the_best_cell_has_learned_and_has_room_left(preset, metric, tmp_path):
    study = read_study(config_path("studies/small"), config_path)
    pairs = [pair for pair in plan.pairs(study) if pair.application.preset == preset and pair.cell.label == "gru"]
    ((run,),) = [plan.finals(study, pair, {}, tmp_path) for pair in pairs]
    assert main(run.fit) == 0
    assert 0.6 < read_result(run.folder / "result.json").value("validation", metric) < 0.95
