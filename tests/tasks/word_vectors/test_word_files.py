"""Files of vectors: read back by our own option, by gensim, and by a browser's parser."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from rnnbench.data.text.vectors import load_vectors
from rnnbench.tasks.word_vectors import CountedVectors
from rnnbench.tasks.word_vectors.export import FORMATS
from rnnbench.tasks.word_vectors.pictures import Map, draw_words

WORDS = ["the", "naïve", "</script><script>alert(1)", "猫", "a\u00a0b", "e-mail"]
SPEC = {"level": "word", "tokens": ["<unk>", "<eos>", *WORDS], "counts": [0, 0, 6, 5, 4, 3, 2, 1]}
KEPT = [word for word in WORDS if word != "a\u00a0b"]


@pytest.fixture
def model():
    found = CountedVectors(embedding_size=7)
    found.use_spec(SPEC)
    found.table = torch.randn(8, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return found


def values(model):
    return model.word_vectors().float()[[WORDS.index(word) for word in KEPT]]


@pytest.mark.parametrize("form", ["word2vec", "word2vec-binary"])
def test_our_own_option_reads_every_bit(form, model, tmp_path):
    (path,) = FORMATS[form](model, tmp_path)
    found = load_vectors(str(path), [*KEPT, "unheard"])
    assert found.found.tolist() == [True] * len(KEPT) + [False]
    assert torch.equal(found.values[:-1], values(model))


@pytest.mark.parametrize("form", ["word2vec", "word2vec-binary"])
def test_gensim_reads_every_bit(form, model, tmp_path):
    gensim = pytest.importorskip("gensim.models")
    (path,) = FORMATS[form](model, tmp_path)
    found = gensim.KeyedVectors.load_word2vec_format(str(path), binary=form == "word2vec-binary")
    assert found.index_to_key == KEPT
    np.testing.assert_array_equal(found.vectors, values(model).numpy())


def test_the_projector_has_a_name_for_every_row(model, tmp_path):
    paths = {path.name: path for path in FORMATS["projector"](model, tmp_path)}
    assert paths["metadata.tsv"].read_text(encoding="utf-8").splitlines() == KEPT
    found = np.loadtxt(paths["vectors.tsv"], delimiter="\t", dtype=np.float32)
    np.testing.assert_array_equal(found, values(model).numpy())
    assert {"vectors.tsv", "metadata.tsv"} == set(re.findall(r'"(.*)"', paths["projector_config.pbtxt"].read_text()))


def test_a_page_holds_what_it_shows_and_no_word_runs_in_it(model, tmp_path):
    (path,) = FORMATS["page"](model, tmp_path)
    page = path.read_text(encoding="utf-8")
    assert page.count("<script") == page.count("</script>") == 2
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])
    assert data["words"] == KEPT
    assert "http" not in page.replace(json.dumps(data), ""), "it opens from disk"
    raw = np.frombuffer(base64.b64decode(data["vectors"]), dtype=np.int8).reshape(len(KEPT), 7).astype(float)
    ours, shown = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (values(model).numpy(), raw))
    np.testing.assert_allclose(shown @ shown.T, ours @ ours.T, atol=0.02)
    assert all(np.shape(places) == (len(KEPT), 2) for places in data["maps"].values())


def test_the_command_writes_them_and_a_classifier_starts_from_them(rnnbench):
    tiny = "--data.source.train 300 --data.source.held_out 50 --trainer.max_epochs 1 --name a"
    rnnbench(f"fit --config word_vectors/builtin {tiny}")
    run = "runs/word_vectors/a"
    assert f"{run}/export/vectors.txt" in rnnbench(f"export --run {run}").out
    assert "metadata.tsv" in rnnbench(f"export --run {run} --format projector --output out").out
    assert Path("out/vectors.tsv").is_file()
    refused = rnnbench(f"export --run {run} --format onnx", debug=False)
    assert refused.status == 2
    assert "word vectors cannot be written as 'onnx'" in refused.err
    assert "known: page, projector, word2vec, word2vec-binary" in refused.err
    words = "--data.vectors runs/word_vectors/a/export/vectors.txt --model.embedding.embedding_size 32"
    told = rnnbench(f"fit --config sentiment/builtin {words} --data.source.train 40 --trainer.max_epochs 1 --name s")
    assert "vectors.txt: vectors for" in told.out


def test_what_no_font_has_is_a_box_and_told(tmp_path, capsys, recwarn):
    words = ["moon", "\U000e0101", "$x"]
    draw_words(tmp_path / "words.png", words, [Map("a map", np.arange(6.0).reshape(3, 2))])
    assert (tmp_path / "words.png").stat().st_size > 1000
    assert "no installed font has 1 of the characters" in capsys.readouterr().err
    assert [str(one.message) for one in recwarn if "Glyph" in str(one.message)] == []
