"""A step of training is the same on any number of processes."""

from joint_step import check_step


def strips(data, sizes):
    """Windows over some of 22 strips."""
    cut, first, made = data.train_dataloader()._strips, 0, []
    for size in sizes:
        made.append(cut.batch(slice(first, first + size), 0, 0))
        first += size
    return made


def test_one_step_on_many_processes(tmp_path):
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.txt").write_text("".join(f"{k * k % 97} and {k % 13}; " for k in range(200)))
    own = f"--data.source Files --data.source.path {tmp_path} --data.batch_size 22 --model.backbone.hidden_size 6"
    penalties = "--model.activation_penalty 2 --model.temporal_penalty 1"
    check_step(f"text_generation/char_lstm {own} --data.sequence_length 9 {penalties}", strips)
