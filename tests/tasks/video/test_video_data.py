"""Clips as data: labels, records, rates, and what is wrong with them."""

import json
from pathlib import Path

import pytest
import torch
from clip_files import SIDE, write_gif, write_table

from rnnbench.data import Files, GeneratedClips, Hub, LabelledClips
from rnnbench.errors import UserError
from rnnbench.tasks.video import VideoData


def read(stage="fit", source=None, **options):
    data = VideoData(source or LabelledClips("clips"), **{"image_size": SIDE, **options})
    data.prepare_data()
    data.setup(stage)
    return data


def fault(**options):
    with pytest.raises(UserError) as error:
        read(**options)
    return str(error.value)


def test_a_batch_has_the_frames_of_its_clips_and_no_padding(clips):
    data = read()
    assert data.classes == ["nothing", "light"]
    batch = data.splits["train"]([2, 0], 0)
    assert batch.frames.shape == (6 + 4, 3, SIDE, SIDE)
    assert batch.lengths.tolist() == [6, 4]
    assert batch.y.tolist() == [0, 0, 0, 1, 1, 1, 0, 1, 1, 1]
    assert batch.places.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert batch.frames[:, 0, 0, 0].tolist() == [10, 11, 12, 240, 239, 238, 10, 240, 239, 238]
    assert batch.tokens == 10
    assert data.splits["train"].count == 4 + 5 + 6 + 4 + 5 + 6 + 4 + 5


def test_read_anew_it_is_the_same_and_one_frame_is_found(clips):
    kept, anew = (read(keep_in_memory=keep).splits["train"] for keep in (True, False))
    assert torch.equal(kept([1, 3], 0).frames, anew([1, 3], 0).frames)
    every = torch.cat([kept([number], 0).frames for number in range(8)])
    for samples in (kept, anew):
        found = [samples.pixels(number)[0, 0].tolist() for number in range(samples.count)]
        assert found == every[:, :, 0, 0].tolist()


def test_the_hidden_frames_of_generated_clips():
    source = GeneratedClips(train=12, held_out=2, min_length=16, max_length=24)
    batch = read(source=source, image_size=32).splits["train"]([0, 1, 2, 3, 4], 0)
    assert 0 < batch.hidden.sum() < len(batch.y) == batch.tokens
    assert (batch.y[batch.hidden] > 0).all(), "nothing, the first class, is never hidden"


def test_the_fingerprint_is_that_of_clips_and_labels(clips):
    before = read().fingerprint
    assert read("test").fingerprint == before
    write_table(["0.gif,0,0,light", *clips[1:]])
    assert read().fingerprint != before
    write_table(clips)
    assert read().fingerprint == before
    assert read(frame_rate=25).fingerprint != before
    write_gif("clips/0.gif", [1, 2, 3, 4, 5, 6])
    assert read().fingerprint != before


def test_the_fingerprint_does_not_say_where_the_files_are(clips):
    before = read().fingerprint
    Path("clips").rename("elsewhere")
    assert read(source=LabelledClips("elsewhere")).fingerprint == before


def test_several_classes_at_a_frame(clips):
    write_table([*clips, *(f"{number}.gif,0,{1 + number % 3},change" for number in range(10))])
    assert "is 'light' already, and 'change'" in fault()
    data = read(several=True)
    assert data.classes == ["light", "change"]
    batch = data.splits["train"]([0, 1], 0)
    # From dark to light: the first light frame is both, and no frame is nothing.
    assert batch.y.tolist() == [[0, 1], [1, 1], [1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [1, 0], [1, 0]]
    assert batch.numbers.tolist() == list(range(9))
    assert data.splits["train"]([1], 0).numbers.tolist() == [4, 5, 6, 7, 8]
    write_table([f"{number}.gif,light" for number in range(10)], "clip,class")
    assert "a clip has one class here, its frames have several" in fault(several=True)


def records(folder):
    """As the hub has them: bytes in a column of another name, and a list of labels."""
    import pyarrow
    import pyarrow.parquet

    rows = [
        {"video": {"bytes": Path(f"clips/{number}.gif").read_bytes(), "path": f"{number}.gif"},
         "labels": ["dark"] * (1 + number % 3) + ["light"] * 3}
        for number in range(10)
    ]  # fmt: skip
    Path(folder).mkdir()
    for split, part in (("train", rows[:6]), ("validation", rows[6:8]), ("test", rows[8:])):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(part), f"{folder}/{split}.parquet")


def test_clips_in_records(clips):
    records("records")
    data = read(source=Files("records"), columns={"clip": "video"})
    assert data.classes == ["dark", "light"]
    assert data.splits["train"].lengths.tolist() == [4, 5, 6, 4, 5, 6]
    assert "there is no column 'clip'; there are: video, labels" in fault(source=Files("records"))


@pytest.mark.slow
def test_clips_of_the_hub_are_those_of_its_files(clips):
    records("records")
    found = [read(source=source("records"), columns={"clip": "video"}) for source in (Files, Hub)]
    assert found[0].fingerprint == found[1].fingerprint
    batches = [data.splits["train"]([0, 5], 0) for data in found]
    assert torch.equal(batches[0].frames, batches[1].frames)


def test_labels_that_do_not_fit_are_told_by_file_and_line(clips):
    write_table(["0.gif,1,9,light", *clips[1:]])
    assert fault().splitlines() == [
        "clips/labels.csv, line 2",
        "'light' is said of frames 1 to 9, and clips/0.gif has 4 frames, 0 to 3",
    ]
    write_table([*clips[:8], "8.gif,0,0,strange", clips[9]])
    assert "validation has the class 'strange', which never occurs in training" in fault()
    write_table([f"{number}.gif,0,{3 + number % 3},light" for number in range(10)])
    assert "all of train is 'light'" in fault()


def test_a_class_that_a_split_lacks_is_told(clips, capsys):
    write_table([*clips[:8], "8.gif,0,0,nothing", clips[9]])
    read()
    assert "validation: nothing is light" in capsys.readouterr().out


def test_clips_that_cannot_be_read(clips, capsys):
    Path("clips/1.gif").write_bytes(Path("clips/1.gif").read_bytes()[:-30])
    assert "1 of 8 files of train cannot be read; of the first: the animation is cut off" in fault()
    data = read(max_unreadable=0.2)
    assert len(data.splits["train"].clips) == 7
    assert data.left_out.lines() == ["train: 1 samples dropped, the animation is cut off: clips/1.gif"]
    Path("clips/1.gif").unlink()
    assert "of the first: there is no such clip" in fault()


def test_a_rate(clips):
    write_gif("clips/0.gif", [10, 240, 239, 238], duration=[40, 40, 400, 40])
    assert "the frame rate varies: frame 2 is shown for 0.4 s" in fault()
    data = read(frame_rate=25)
    assert data.splits["train"].lengths.tolist()[:2] == [13, 5]
    assert data.splits["train"]([0], 0).y.tolist() == [0] + [1] * 12
    assert data.details()["frame_rate"] == 25
    # Every second frame: the last one, which has a label, is not among them.
    assert read(frame_rate=12.5).splits["train"]([1], 0).y.tolist() == [0, 1, 1]
    for rate in (0, -1.0, 1e9, float("nan")):
        assert "frames a second, more than 0 and at most 1000" in fault(frame_rate=rate)


def test_long_clips_are_left_out_of_training(clips):
    data = read(max_length=5)
    assert data.splits["train"].lengths.max() == 5
    assert data.splits["validation"].lengths.max() == 6
    assert data.left_out.lines() == ["train: 2 of 8 samples dropped, longer than 5: 2, 5"]


def test_labels_are_of_one_kind(clips):
    rows = [{"clip": "0.gif", "labels": ["a", "b", "b", "b"]}, {"clip": "1.gif", "label": "a"}]
    Path("mixed").mkdir()
    for split, row in (("train", rows[0]), ("validation", rows[1]), ("test", rows[1])):
        Path(f"mixed/{split}.jsonl").write_text(json.dumps(row) + "\n")
    assert "some clips have one class, others a class for each frame" in fault(source=Files("mixed"), folder="clips")
