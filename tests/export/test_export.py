"""Graphs compute what the model computes, on batches of any size; programs without the package give its answers."""

import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml
from torch import nn

import rnnbench
from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LSTM
from rnnbench.cells.every import every_cell
from rnnbench.cli import main
from rnnbench.data import Adding, GeneratedSeries, Parity
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.errors import UserError
from rnnbench.export.quantize import quantize
from rnnbench.export.write import TOLERANCE, export
from rnnbench.nn import WordEmbedding
from rnnbench.tasks.base.graph import Graph
from rnnbench.tasks.forecasting import ForecastingData, Quantiles, RecurrentForecaster, SegmentForecaster
from rnnbench.tasks.forecasting.export import graph as graph_of_forecasts
from rnnbench.tasks.long_range import LongRangeData, RecurrentModel
from rnnbench.tasks.long_range.export import graph as graph_of_answers
from rnnbench.tasks.sentiment import RecurrentClassifier
from rnnbench.tasks.sentiment.export import graph

PAGE = Path(__file__).parents[2] / "docs" / "export.md"
PROGRAM = re.compile(
    r"^`(?P<name>\w+\.py)`[^\n]*\n(?:[^\n`]*\n)*?\n```python\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL
)


@pytest.fixture
def program(tmp_path):
    """Runs a program of the page with numpy and onnxruntime, and nothing of this package."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    for match in PROGRAM.finditer(PAGE.read_text(encoding="utf-8")):
        assert "rnnbench" not in match["code"]
        assert len(match["code"].splitlines()) <= 35
        (tmp_path / match["name"]).write_text(match["code"], encoding="utf-8")

    def run(name, *words, given=""):
        command = [sys.executable, str(tmp_path / name), *words]
        done = subprocess.run(command, input=given, capture_output=True, text=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def classifier(cell=LSTM, **options):
    texts = TextEncoder.train("word", ["a b c d e f"])
    backbone = functools.partial(Backbone, cell=cell, hidden_size=8, **options)
    model = RecurrentClassifier(backbone, functools.partial(WordEmbedding, embedding_size=6), "last")
    model.use_spec({"encoder": texts.state(), "labels": ["x", "y", "z"], "max_length": None})
    return model.eval()


@pytest.mark.slow
def test_a_classifier_answers_without_the_package(tmp_path, program, capsys):
    tiny = {"model__backbone__hidden_size": 8, "model__embedding__embedding_size": 8, "max_epochs": 1}
    run = rnnbench.fit("sentiment/builtin", data__source__train=80, name="a", **tiny)
    assert main(["export", f"--run={run.path}"]) == 0
    assert "from the model" in capsys.readouterr().out
    lines = "The film isn't good, but long.\nneverseen\n\tfine ... U.S. 3.5\nfilm\n"
    Path("lines.txt").write_text(lines, encoding="utf-8")
    assert main(["predict", f"--run={run.path}", "lines.txt"]) == 0
    assert program("classify.py", str(run.path / "export"), given=lines) == capsys.readouterr().out


@pytest.mark.slow
def test_a_generator_goes_on_without_the_package(tmp_path, program, capsys):
    Path("text.txt").write_text("the cat sat on the mat and the dog ran\n" * 60, encoding="utf-8")
    small = {"model__backbone__hidden_size": 12, "model__embedding_size": 6, "data__batch_size": 4}
    run = rnnbench.fit(
        "text_generation/char_lstm", "text.txt", max_epochs=2, data__sequence_length=50, name="a", **small
    )
    assert main(["export", f"--run={run.path}"]) == 0
    capsys.readouterr()
    assert main(["predict", f"--run={run.path}", "--prompt=the c", "--temperature=0", "--length=60"]) == 0
    assert program("continue.py", str(run.path / "export"), "the c", "60") == capsys.readouterr().out


@pytest.mark.slow
def test_a_recogniser_writes_without_the_package(tmp_path, program, capsys):
    small = {"data__source__train": 60, "data__source__validation": 5, "data__source__test": 5}
    run = rnnbench.fit("speech/builtin", model__backbone__hidden_size=24, max_epochs=1, name="a", **small)
    # After an epoch it says nothing yet: it is kept from its blanks.
    checkpoint = run.path / "checkpoints/best.ckpt"
    kept = torch.load(checkpoint, weights_only=True)
    kept["state_dict"]["output.bias"][0] -= 4
    torch.save(kept, checkpoint)
    assert main(["export", f"--run={run.path}"]) == 0
    random = np.random.default_rng(0)
    names = ["one.wav", "two.wav"]
    for name, size in zip(names, (9000, 30000), strict=True):
        sound = np.sin(np.cumsum(random.uniform(0.05, 0.6, size // 500).repeat(500)))
        soundfile.write(name, 0.3 * sound + 0.01 * random.standard_normal(len(sound)), 16000)
    capsys.readouterr()
    assert main(["predict", f"--run={run.path}", *names]) == 0
    wanted = capsys.readouterr().out
    assert all(len(line.partition("\t")[2]) > 3 for line in wanted.splitlines())
    assert program("recognise.py", str(run.path / "export"), *names) == wanted


@pytest.mark.slow
def test_a_tagger_and_viterbi_give_its_tags(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    small = {"model__backbone__hidden_size": 8, "data__source__train": 200, "data__source__held_out": 20}
    run = rnnbench.fit("labelling/generated_bilstm_crf", max_epochs=2, name="a", **small)
    assert main(["export", f"--run={run.path}"]) == 0
    about = json.loads((run.path / "export/model.json").read_text(encoding="utf-8"))
    session = onnxruntime.InferenceSession(run.path / "export/model.onnx")
    for tokens in (["Maria"], ["the", "3", "reporters", "of", "Oslo", "said", "nothing", "on", "Monday"]):
        batch = run.model.encoder.batch([tokens])._asdict()
        given = {name: batch["x" if name == "ids" else name].numpy() for name in about["inputs"]}
        (scores,) = session.run(["scores"], given)
        (tagged,) = run.model.tag([tokens])
        assert [about["labels"][tag] for tag in viterbi(torch.tensor(scores[0]), about["crf"])] == tagged.tags


def viterbi(scores, crf):
    transitions, starts, ends = (torch.tensor(crf[name]) for name in ("transitions", "starts", "ends"))
    best, pointers = starts + scores[0], []
    for here in scores[1:]:
        found = best[:, None] + transitions
        pointers.append(found.argmax(0))
        best = found.amax(0) + here
    tags = [int((best + ends).argmax())]
    for pointer in reversed(pointers):
        tags.insert(0, int(pointer[tags[0]]))
    return tags


@pytest.mark.slow
def test_a_program_of_torch_takes_any_batch(tmp_path):
    model = classifier(GRU, num_layers=2, bidirectional=True, connect="dense", layer_norm=True)
    assert export(graph(model), "torch", tmp_path / "new") <= TOLERANCE
    loaded = torch.export.load(tmp_path / "new" / "model.pt2").module()
    ids, lengths = torch.randint(10, (11, 29)), torch.arange(1, 12)
    with torch.no_grad():
        (found,) = loaded(ids, lengths)
        torch.testing.assert_close(found, model(ids, lengths).softmax(1), rtol=1e-5, atol=1e-6)
        # What stands in the padding changes nothing.
        (same,) = loaded(torch.where(torch.arange(29) < lengths[:, None], ids, 3), lengths)
    assert torch.equal(found, same)
    # The model is as it was.
    assert "forward" not in vars(model.backbone)


@pytest.mark.slow
@pytest.mark.parametrize("name", every_cell())
def test_every_cell_is_a_graph(tmp_path, name):
    torch.manual_seed(0)
    assert export(graph(classifier(every_cell()[name])), "torch", tmp_path) <= TOLERANCE


def forecaster(cls, **options):
    data = ForecastingData(GeneratedSeries(length=200), context=12, horizon=4)
    data.setup("fit")
    model = cls(functools.partial(Backbone, cell=GRU, hidden_size=6), **options)
    model.use_spec(data.spec)
    model.conformal.moves.fill_(0.5)
    return model.eval(), next(iter(data.val_dataloader()))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["torch", "onnx"])
@pytest.mark.parametrize(
    ("cls", "options"),
    [
        (RecurrentForecaster, {"way": "direct", "output": Quantiles()}),
        (RecurrentForecaster, {"way": "direct", "scaling": "standard"}),
        (SegmentForecaster, {"segment": 4}),
    ],
)
def test_a_forecaster_that_says_all_at_once_is_a_graph(tmp_path, cls, options, form):
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    model, batch = forecaster(cls, **options)
    found = graph_of_forecasts(model)
    assert export(found, form, tmp_path) <= TOLERANCE
    given = [getattr(batch, name) for name in found.inputs]
    if form == "torch":
        with torch.no_grad():
            values, quantiles = torch.export.load(tmp_path / "model.pt2").module()(*given)
    else:
        session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
        inputs = {name: one.numpy() for name, one in zip(found.inputs, given, strict=True)}
        values, quantiles = map(torch.from_numpy, session.run(["values", "quantiles"], inputs))
    wanted = model.predict_windows(batch)
    torch.testing.assert_close(values, wanted.point, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(quantiles, wanted.quantiles, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("source", [Adding(), Parity()], ids=["numbers", "symbols"])
def test_a_network_that_remembers_is_a_graph(tmp_path, source):
    data = LongRangeData(source)
    data.setup("fit")
    model = RecurrentModel(functools.partial(Backbone, cell=LSTM, hidden_size=6))
    model.use_spec(data.spec)
    assert export(graph_of_answers(model.eval()), "torch", tmp_path) <= TOLERANCE
    batch = next(iter(data.val_dataloader()))
    with torch.no_grad():
        (answers,) = torch.export.load(tmp_path / "model.pt2").module()(batch.x, batch.lengths)
        torch.testing.assert_close(answers[batch.asked], model(batch.x, batch.lengths, batch.asked))


@pytest.mark.slow
def test_eight_bits_reach_into_the_loop_and_answers_stay_near(tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    one = graph(classifier(LSTM, num_layers=2))
    export(one, "onnx", tmp_path)
    found = quantize(one, tmp_path)
    nodes = [node for node in onnx.load(tmp_path / "model.int8.onnx").graph.node if node.op_type == "Scan"]
    inside = [{step.op_type for step in attribute.g.node} for node in nodes for attribute in node.attribute]
    loops = [kinds for kinds in inside if kinds]
    assert len(loops) == 2
    assert all("MatMulInteger" in kinds and not kinds & {"MatMul", "Gemm"} for kinds in loops)
    assert 0 < found.worst < 0.02
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.int8.onnx", "model.json", "model.onnx"]


class _Different(nn.Module):
    def forward(self, x):
        return (x * 1.001 if torch.compiler.is_exporting() else x,)


class _Fixed(nn.Module):
    def forward(self, x):
        return (x.reshape(3, -1).sum(1),)


@pytest.mark.parametrize(
    ("module", "problem"), [(_Different(), "y differs by 1.0e-03 from the model's"), (_Fixed(), "no graph")]
)
def test_a_graph_that_computes_something_else_is_not_written(tmp_path, module, problem):
    wrong = Graph(module, {"x": ("batch", "time")}, ("y",), lambda batch, steps: (torch.ones(batch, steps),))
    with pytest.raises(UserError, match=problem):
        export(wrong, "torch", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_forecaster_that_goes_on_from_its_own_forecasts_has_no_graph():
    model, _ = forecaster(RecurrentForecaster, way="steps")
    with pytest.raises(UserError, match=r"step by step, and such a loop is no graph\n.*--model.way direct"):
        graph_of_forecasts(model)


def test_a_model_that_is_counted_has_no_graph(tmp_path, capsys):
    Path("text.txt").write_text("the cat sat on the mat\n" * 60, encoding="utf-8")
    run = rnnbench.fit("text_generation/char_5gram", "text.txt", name="a")
    capsys.readouterr()
    assert main(["export", f"--run={run.path}"]) == 2
    told = capsys.readouterr().err
    assert "Kneser-Ney 5-gram is counted and has no weights: it is a table, and no graph" in told
    assert not (run.path / "export").exists()


def test_what_has_no_export_is_told(tmp_path, capsys, monkeypatch):
    # An application in the working folder, whose author has written none.
    card = yaml.safe_load((Path(rnnbench.__file__).parent / "tasks/sentiment/card.yaml").read_text(encoding="utf-8"))
    Path("plain").mkdir()
    Path("plain/card.yaml").write_text(yaml.safe_dump(card | {"name": "plain"}), encoding="utf-8")
    model = "class Plain(RecurrentClassifier):\n    application = 'plain'\n"
    text = f"from rnnbench.tasks.sentiment import RecurrentClassifier\n\n\n{model}"
    Path("plain/__init__.py").write_text(text, encoding="utf-8")
    Path("run").mkdir()
    Path("run/config.yaml").write_text("model:\n  class_path: plain.Plain\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["export", "--run=run"]) == 2
    assert "has no export: there is no plain.export" in capsys.readouterr().err
    assert main(["export", "--run=run", "--format=torch", "--int8"]) == 2
    assert "--int8\n  goes with ONNX" in capsys.readouterr().err
    assert main(["export", "--run=nowhere"]) == 2
    assert "no such run folder" in capsys.readouterr().err
