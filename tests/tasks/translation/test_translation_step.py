"""A step of training is the same on any number of processes."""

from joint_step import check_step, samples


def test_one_step_on_many_processes(corpus):
    own = f"--data.source Files --data.source.path {corpus} --model.backbone.hidden_size 6"
    check_step(f"translation/generated_attention {own} --model.label_smoothing 0.1", samples)
