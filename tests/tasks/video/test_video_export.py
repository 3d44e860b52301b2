"""A video model as a graph goes through a clip as the model does."""

import functools

import pytest
import torch
from test_video_models import BACKBONE, SPEC, as_frames, frames, recurrent

from rnnbench.errors import UserError
from rnnbench.export.write import TOLERANCE, export
from rnnbench.tasks.video.export import graph
from rnnbench.tasks.video.stream import probabilities


@pytest.mark.slow
@pytest.mark.parametrize("form", ["torch", "onnx"])
@pytest.mark.parametrize("several", [False, True])
def test_frame_by_frame(tmp_path, form, several):
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    model = recurrent(SPEC | {"several": several}, backbone=functools.partial(BACKBONE, num_layers=2))
    found = graph(model)
    assert export(found, form, tmp_path) <= TOLERANCE
    if form == "torch":
        step = torch.export.load(tmp_path / "model.pt2").module()
    else:
        session = onnxruntime.InferenceSession(tmp_path / "model.onnx")

        def step(*given):
            inputs = {name: one.numpy() for name, one in zip(found.inputs, given, strict=True)}
            return map(torch.from_numpy, session.run(list(found.outputs), inputs))

    (clip,) = frames(5)
    state = [torch.tensor(leaf)[None] for leaf in found.beside["state"].values()]
    said = []
    with torch.no_grad():
        for frame in clip:
            chances, *state = step(frame[None], *state)
            said.append(chances)
    wanted = torch.cat([part for _, part in probabilities(model, iter(as_frames(clip)), 2)])
    torch.testing.assert_close(torch.cat(said).double(), wanted, rtol=1e-5, atol=1e-5)


def test_what_is_no_step_has_no_graph():
    backwards = recurrent(backbone=functools.partial(BACKBONE, bidirectional=True))
    of_clips = recurrent(SPEC | {"every_frame": False})
    for model in (backwards, of_clips):
        with pytest.raises(UserError, match="goes through a clip step by step"):
            graph(model)
