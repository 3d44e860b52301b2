"""A step of training is the same on any number of processes."""

import pytest
from joint_step import check_step, samples


@pytest.mark.slow
@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_one_step_on_many_processes(names, head):
    own = f"--data.source Files --data.source.path {names} --model.backbone.hidden_size 4 --model.dropout 0"
    check_step(f"labelling/ner_bilstm_crf {own} --data.source.card null --model.head {head}", samples)
