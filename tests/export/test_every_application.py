"""Every application is exported, or says why not; what is written answers as predict does, with no rnnbench at hand."""

import functools
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import rnnbench
from rnnbench.applications import applications
from rnnbench.cli import main
from rnnbench.tasks.base.noise import noise_of

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
# What the quick preset of an application without a graph says; the files of those with other ones than a model's.
REASONS = {"trees": "a TreeModel goes through a tree from the leaves up"}
TWO = ("encoder", "decoder")
FILES = {"captioning": TWO, "dialogue": TWO, "translation": TWO, "word_vectors": ("vectors",)}


@pytest.mark.parametrize("name", applications())
def test_it_has_an_export_that_the_page_tells_of(name):
    one = applications()[name]
    assert (one.folder / "export.py").is_file(), "write graph(model), which may say why there is none"
    names = {name.replace("_", " "), one.card.title.lower()}
    assert any(named in PAGE.lower() for named in names), "docs/export.md says what is written, or why not"


@pytest.fixture
def trained(tmp_path, capsys):
    """Trains a run for an epoch: of the quick preset with the tiny options of the card, or of another preset."""

    def train(name, preset=None, options=()):
        card = applications()[name].card
        chosen = [card.quick, *card.tiny] if preset is None else [preset]
        where = [f"--runs={tmp_path}", "--name=a", "--trainer.max_epochs=1", "--trainer.logger=false"]
        assert main(["fit", "--config", *chosen, *options, *where]) == 0, capsys.readouterr().err
        return tmp_path / name / "a"

    return train


@pytest.mark.slow
@pytest.mark.parametrize("name", applications())
def test_what_the_quick_preset_has(trained, capsys, name):
    pytest.importorskip("onnxscript")
    run = trained(name)
    capsys.readouterr()
    done = main(["export", f"--run={run}"])
    told = capsys.readouterr()
    if name in REASONS:
        assert done == 2
        assert REASONS[name] in told.err
        return
    assert done == 0, told.err
    formats = {".onnx", ".json"}
    if name == "word_vectors":
        formats = {".txt"}
    else:
        assert main(["export", f"--run={run}", "--format=torch"]) == 0
        formats.add(".pt2")
    files = {f"{stem}{suffix}" for stem in FILES.get(name, ("model",)) for suffix in formats}
    assert {file.name for file in (run / "export").iterdir()} == files


@pytest.fixture
def exported(trained, capsys):
    """Trains and exports a tiny run: its folder, what stands beside the graph, and the graph as a function."""
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")

    def export(name, preset=None, options=(), graphs=("model",), change=None):
        run = trained(name, preset, options)
        if change is not None:
            weights = torch.load(run / "checkpoints/best.ckpt", weights_only=True)
            change(weights["state_dict"])
            torch.save(weights, run / "checkpoints/best.ckpt")
        assert main(["export", f"--run={run}"]) == 0, capsys.readouterr().err
        capsys.readouterr()
        found = []
        for graph in graphs:
            about = json.loads((run / f"export/{graph}.json").read_text(encoding="utf-8"))
            session = onnxruntime.InferenceSession(run / f"export/{graph}.onnx")
            found += [about, functools.partial(answer, session, about["outputs"])]
        return run, *found

    def answer(session, outputs, **inputs):
        return dict(zip(outputs, session.run(None, inputs), strict=True))

    return export


@pytest.fixture
def predicted(capsys):
    """What ``rnnbench predict`` says, a line of JSON for each input."""

    def predict(run, *words):
        capsys.readouterr()
        assert main(["predict", f"--run={run}", *map(str, words), "--format=json"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return predict


def integers(rows):
    """Rows of numbers ``(B, T)`` int64, 0 past the end, and their lengths."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    table = np.zeros((len(rows), lengths.max()), dtype=np.int64)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table, lengths


@pytest.mark.slow
def test_blanks_are_filled(exported, predicted):
    run, about, graph = exported("cloze")
    tokenizer = about["tokenizer"]
    tokens = tokenizer["tokens"]
    known = {token: number for number, token in enumerate(tokens)}
    lines = ["def fo___(x):", "___eturn x", "import o___"]
    Path("lines.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    parts = [[re.findall(tokenizer["pattern"], part) for part in line.split("___")] for line in lines]
    ids, lengths = integers(
        [[known.get(token, tokenizer["unknown"]) for token in (*left, "", *right)] for left, right in parts]
    )
    places = np.array([len(left) for left, _ in parts])
    found = graph(ids=ids, lengths=lengths, places=places)["probabilities"]
    for row, one in zip(found, predicted(run, "lines.txt", "--candidates=20"), strict=True):
        (candidates,) = one["blanks"]
        assert len(candidates) == 20
        assert [float(row[tokens.index(token)]) for token in candidates] == pytest.approx(
            [*candidates.values()], abs=1e-5
        )


@pytest.fixture
def pictures(tmp_path):
    """Images ``(N, S, S)`` uint8, and their files."""

    def draw(count, side):
        pixels = np.random.default_rng(0).integers(0, 256, (count, side, side), dtype=np.uint8)
        for number, one in enumerate(pixels):
            Image.fromarray(one).save(tmp_path / f"{number}.png")
        return pixels, [tmp_path / f"{number}.png" for number in range(count)]

    return draw


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--model.passes=3",), ("--model.policy.start=random",)], ids=str)
def test_images_are_looked_at(exported, predicted, pictures, options):
    run, about, graph = exported("glimpses", options=options)
    images, files = pictures(5, about["inputs"]["images"][1])
    inputs = {"images": images}
    if options:
        passes, looks, _ = about["inputs"]["noise"][1:]
        inputs["noise"] = (
            noise_of(torch.from_numpy(images), passes * looks * 2).view(5, passes, looks, 2).float().numpy()
        )
    found = graph(**inputs)
    for row, places, one in zip(found["probabilities"], found["places"], predicted(run, *files), strict=True):
        assert [about["classes"][best] for best in row.argmax(1)] == one["answers"]
        assert row.max(1).prod() == pytest.approx(one["probability"], abs=1e-5)
        np.testing.assert_allclose((places[0] + 1) * images.shape[1] / 2, one["looks"], atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("preset", [None, "drawing/builtin_auto_encoder"])
def test_pictures_are_drawn(exported, preset):
    run, about, graph = exported("drawing", preset)
    z = np.random.default_rng(0).standard_normal((7, *about["inputs"]["z"][1:])).astype(np.float32)
    with torch.no_grad():
        wanted = rnnbench.load(run).model.draw(torch.zeros(7, dtype=torch.int64), torch.from_numpy(z).flatten(1))
    np.testing.assert_allclose(graph(z=z)["pictures"], wanted.canvases, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["builtin", "builtin_lstm", "builtin_supervised"])
def test_questions_are_answered(exported, predicted, preset):
    run, about, graph = exported("question_answering", f"question_answering/{preset}")
    stories = [["Mary went to the garden.", "John took the ball."], ["John went home."]]
    asked = ["Where is Mary?", "Where is John now?"]
    lines = [line for story, question in zip(stories, asked, strict=True) for line in ("", *story, question)]
    Path("lines.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokenizer = about["tokenizer"]
    known = {token: number for number, token in enumerate(tokenizer["tokens"])}

    def encode(text):
        words = re.findall(tokenizer["pattern"], re.sub(r"[^\w\s'’-]|_", " ", text.lower()))
        return [known.get(word, tokenizer["unknown"]) for word in words]

    for story, question, one in zip(stories, asked, predicted(run, "lines.txt"), strict=True):
        words, _ = integers([encode(text) for text in (*story, question)])
        found = graph(story=words[None, :-1], sizes=np.array([len(story)]), question=words[-1:])
        (chances,) = found["probabilities"]
        assert about["answers"][chances.argmax()] == one["answer"]
        assert chances.max() == pytest.approx(one["probability"], abs=1e-5)


@pytest.mark.slow
def test_a_state_is_read(exported, predicted):
    run, about, graph = exported("probe")
    texts = ["a fine film", "dull"]
    Path("lines.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    ids, lengths = integers([list(text.encode()) for text in texts])
    found = graph(ids=ids, lengths=lengths)
    unit = about["best_unit"]
    for chances, units, one in zip(found["probabilities"], found["units"], predicted(run, "lines.txt"), strict=True):
        assert dict(zip(about["labels"], chances, strict=True)) == pytest.approx(one["probabilities"], abs=1e-5)
        assert units[unit] == pytest.approx(one["value"], abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("layer", [None, "GCN", "GAT", "GraphSAGE", "Chebyshev"])
def test_a_graph_is_read(exported, predicted, layer):
    if layer is None:
        run, about, graph = exported("graphs")
    else:
        pytest.importorskip("torch_geometric")
        run, about, graph = exported("graphs", "graphs/blocks_gcn", [f"--model.layer={layer}"])
    width = about["inputs"]["x"][1]
    x = np.random.default_rng(0).random((6, width), dtype=np.float32)
    edges = np.array([[0, 1], [1, 2], [2, 3], [4, 5], [0, 4]])
    asked = np.array([[0, 3], [5, 1], [3, 2]])[:, : about["inputs"]["about"][1]]
    line = {"x": x.tolist(), "edges": edges.tolist(), "ask": asked.tolist()}
    Path("graph.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    both = np.concatenate([edges, edges[:, ::-1]]).T
    shares = x / x.sum(1, keepdims=True) if about["normalised"] else x
    found = graph(x=shares, edges=np.ascontiguousarray(both), weights=np.ones(10, np.float32), about=asked)
    for row, one in zip(found["probabilities"], predicted(run, "graph.jsonl"), strict=True):
        assert dict(zip(about["classes"], row, strict=True)) == pytest.approx(one["probabilities"], abs=1e-5)


def greedy(about, encode, step, read, most):
    """The likeliest tokens one after the other, at most so many."""
    state = encode(**read)
    state |= {name: read[name] for name in about["inputs"] if name in read}
    token, written = about["begin"], []
    while len(written) < most:
        found = step(token=np.array([token]), **state)
        token = int(found.pop("log_probabilities").argmax())
        if token == about["end"]:
            break
        written.append(token)
        state |= {name.removeprefix("next_"): value for name, value in found.items() if name.startswith("next_")}
    return written


def no_end(weights):
    # After an epoch a model would write nothing.
    weights["output.bias"][3] -= 5


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["BahdanauDecoder", "LuongDecoder", "GNMTDecoder", "SequenceDecoder"])
def test_a_sentence_is_translated(exported, predicted, decoder):
    options = (f"--model.decoder={decoder}",)
    run, _, encode, about, step = exported("translation", None, options, TWO, no_end)
    source, target = about["source"]["tokens"], about["target"]["tokens"]
    sentences = [source[4:9], source[9:11]]
    Path("lines.txt").write_text("".join(f"{' '.join(words)}\n" for words in sentences), encoding="utf-8")
    for words, one in zip(sentences, predicted(run, "lines.txt", "--beam-size=1", "--max-length=8"), strict=True):
        ids, lengths = integers([[*map(source.index, words), about["end"]]])
        written = greedy(about, encode, step, {"source": ids, "lengths": lengths}, 8)
        assert written
        assert " ".join(target[token] for token in written) == one["translations"][0]["text"]


@pytest.mark.slow
def test_an_image_is_described(exported, predicted, pictures):
    run, _, encode, about, step = exported("captioning", None, (), TWO, no_end)
    images, files = pictures(2, about["image_size"])
    colours = np.repeat(images[:, None], 3, 1)
    for image, one in zip(colours, predicted(run, *files, "--beam-size=1"), strict=True):
        written = greedy(about, encode, step, {"images": image[None]}, 6)
        assert written
        assert " ".join(about["words"]["tokens"][token] for token in written) == one["captions"][0]["text"]
