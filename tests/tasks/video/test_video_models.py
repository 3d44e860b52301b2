"""Networks over frames: padding, streams, encoders that are frozen, one class for a clip."""

import functools

import numpy as np
import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LSTM
from rnnbench.data.batches.batch import places_within
from rnnbench.data.clips.clip import Frame
from rnnbench.nn import ConvEncoder
from rnnbench.tasks.video import FrameModel, MajorityModel, RecurrentVideoModel
from rnnbench.tasks.video.batch import VideoBatch
from rnnbench.tasks.video.said import Said, segments, subtitle
from rnnbench.tasks.video.stream import FrameStream, probabilities

SPEC = {
    "classes": ["nothing", "a", "b"], "every_frame": True, "several": False, "background": "nothing",
    "image_size": 8, "fit": "stretch",
    "frame_rate": None,
}  # fmt: skip
ENCODER = functools.partial(ConvEncoder, channels=[8], halvings=1)
BACKBONE = functools.partial(Backbone, cell=LSTM, hidden_size=5)


def recurrent(spec=SPEC, **options):
    torch.manual_seed(1)
    model = RecurrentVideoModel(**{"encoder": ENCODER, "backbone": BACKBONE, "size": 6, **options})
    model.use_spec(spec)
    return model.eval()


def frames(*lengths, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(256, (size, 3, 8, 8), dtype=torch.uint8, generator=generator) for size in lengths]


def scores(model, clips):
    lengths = torch.tensor([len(clip) for clip in clips])
    return model(torch.cat(clips), lengths, places_within(lengths))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("regions", ["all", "mean"])
def test_a_clip_does_not_see_its_neighbours(bidirectional, regions):
    model = recurrent(regions=regions, backbone=functools.partial(BACKBONE, bidirectional=bidirectional))
    clips = frames(4, 1, 7)
    together = scores(model, clips).split([4, 1, 7])
    for clip, found in zip(clips, together, strict=True):
        torch.testing.assert_close(scores(model, [clip]), found)


def test_training_sees_no_padding():
    """Statistics of batch normalisation are those of frames alone: none is made up."""
    model = recurrent().train()
    scores(model, frames(2, 5))
    norm = next(part for part in model.modules() if isinstance(part, torch.nn.BatchNorm2d))
    other = recurrent().train()
    other.encoder.look(torch.cat(frames(2, 5)))
    again = next(part for part in other.modules() if isinstance(part, torch.nn.BatchNorm2d))
    assert torch.equal(norm.running_mean, again.running_mean)


def as_frames(clip):
    return [Frame(one.permute(1, 2, 0).numpy(), number, number / 25) for number, one in enumerate(clip)]


@pytest.mark.parametrize("cell", [LSTM, GRU])
@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_a_stream_says_what_the_whole_clip_says(cell, at_once):
    model = recurrent(backbone=functools.partial(Backbone, cell=cell, hidden_size=5, num_layers=2))
    (clip,) = frames(8)
    with torch.no_grad():
        whole = scores(model, [clip]).double().softmax(1)
    parts = list(probabilities(model, iter(as_frames(clip)), at_once))
    assert [len(some) for some, _ in parts] == [at_once] * (8 // at_once) + ([8 % at_once] if 8 % at_once else [])
    torch.testing.assert_close(torch.cat([found for _, found in parts]), whole, atol=1e-6, rtol=1e-5)


def test_a_stream_asks_for_no_frame_to_come():
    model, asked = recurrent(), []

    def coming():
        for frame in as_frames(frames(5)[0]):
            asked.append(frame.number)
            yield frame

    found = probabilities(model, coming(), 1)
    next(found)
    assert asked == [0]
    next(found)
    assert asked == [0, 1]


def test_a_model_that_reads_from_both_ends_waits_for_all():
    model = recurrent(backbone=functools.partial(BACKBONE, bidirectional=True))
    (clip,) = frames(5)
    ((some, found),) = probabilities(model, iter(as_frames(clip)), 1)
    assert (len(some), found.shape) == (5, (5, 3))
    with torch.no_grad():
        torch.testing.assert_close(found, scores(model, [clip]).double().softmax(1))


def test_without_recurrence_a_frame_stands_for_itself():
    torch.manual_seed(1)
    model = FrameModel(encoder=ENCODER, hidden_size=5, size=6)
    model.use_spec(SPEC)
    model.eval()
    (clip,) = frames(6)
    order = torch.tensor([3, 0, 5, 1, 2, 4])
    torch.testing.assert_close(scores(model, [clip[order]]), scores(model, [clip])[order])
    assert "frame by frame" in model.model_name()
    with torch.no_grad():
        stream = FrameStream(model).accept([frame.pixels for frame in as_frames(clip)])
        torch.testing.assert_close(stream, scores(model, [clip]).double().softmax(1))


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_one_class_for_a_clip(pooling):
    spec = SPEC | {"every_frame": False}
    model = recurrent(spec, pooling=pooling)
    clips = frames(4, 1, 7)
    together = scores(model, clips)
    assert together.shape == (3, 3)
    for clip, found in zip(clips, together, strict=True):
        torch.testing.assert_close(scores(model, [clip])[0], found)
    assert model.monitor == "validation/accuracy"
    ((some, found),) = probabilities(model, iter(as_frames(clips[0])), 1)
    torch.testing.assert_close(found[0], together[0].detach().double().softmax(0))
    assert len(list(segments([(some, found)]))) == 1


def batch_of(clips, y):
    lengths = torch.tensor([len(clip) for clip in clips])
    count = int(lengths.sum())
    hidden, ids = torch.zeros(count, dtype=torch.bool), torch.arange(len(clips))
    return VideoBatch(torch.cat(clips), lengths, places_within(lengths), y, hidden, torch.arange(count), ids, count)


def test_frames_count_alike_in_the_loss_whatever_clip_they_are_of():
    model = recurrent()
    clips = frames(4, 2)
    y = torch.tensor([0, 1, 2, 0, 1, 1])
    batch = batch_of(clips, y)
    found = model.loss(batch)
    parts = scores(model, clips).log_softmax(1)
    assert found.units == 6
    torch.testing.assert_close(found.total, -parts[torch.arange(6), y].sum())


def test_the_most_frequent_class_before_it_has_counted():
    model = MajorityModel()
    model.use_spec(SPEC)
    assert model(torch.cat(frames(2)), torch.tensor([2]), torch.arange(2)).shape == (2, 3)


def test_where_several_classes_may_hold_each_has_its_own_probability():
    model = recurrent(SPEC | {"classes": ["a", "b"], "several": True})
    clips = frames(4, 2)
    y = torch.tensor([[0, 1], [1, 1], [0, 0], [1, 0], [0, 1], [1, 1]])
    found = model.loss(batch_of(clips, y))
    chances = scores(model, clips).double().sigmoid()
    nats = -torch.where(y > 0, chances, 1 - chances).log()
    assert (found.units, model.monitor, model.background) == (6, "validation/map", None)
    torch.testing.assert_close(found.total.double(), nats.sum())
    ((_, whole),) = probabilities(model, iter(as_frames(clips[0])), 10)
    torch.testing.assert_close(whole, chances[:4].detach())


def test_segments_of_several_classes_overlap():
    chances = torch.tensor([[0.9, 0.1], [0.8, 0.7], [0.2, 0.7], [0.6, 0.1]]).double()
    frame = np.zeros((8, 8, 3), dtype=np.uint8)
    some = [Frame(frame, number, number / 2) for number in range(4)]
    found = list(segments([(some[:2], chances[:2]), (some[2:], chances[2:])], several=True))
    assert [(one.label, one.first, one.last, one.begins, one.ends) for one in found] == [
        (0, 0, 1, 0.0, 1.0), (1, 1, 2, 0.5, 1.5), (0, 3, 3, 1.5, 2.0),
    ]  # fmt: skip
    assert [one.probability for one in found] == pytest.approx([0.85, 0.7, 0.6])


def said(labels, rate=10):
    chances = torch.full((len(labels), 3), 0.1).double()
    chances[torch.arange(len(labels)), torch.tensor(labels)] = 0.8
    frame = np.zeros((8, 8, 3), dtype=np.uint8)
    some = [Frame(frame, number, number / rate) for number in range(len(labels))]
    return [(some[i : i + 2], chances[i : i + 2]) for i in range(0, len(labels), 2)]


def test_segments_go_on_over_parts_of_a_stream():
    found = list(segments(said([1, 1, 1, 0, 2])))
    assert [(one.first, one.last, one.label) for one in found] == [(0, 2, 1), (3, 3, 0), (4, 4, 2)]
    assert [(one.begins, one.ends) for one in found] == [(0, 0.3), (0.3, 0.4), (0.4, 0.5)]
    assert [one.probability for one in found] == pytest.approx([0.8] * 3)
    assert list(segments([])) == []


def test_a_subtitle():
    one = Said(0, 5, 1, 0.9, 59.9996, 3725.25)
    assert subtitle(7, one, "a") == "7\n00:01:00,000 --> 01:02:05,250\na\n\n"
