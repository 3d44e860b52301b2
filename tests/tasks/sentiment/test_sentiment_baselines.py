"""Baselines through the same verbs, and the TF-IDF model against scikit-learn's own."""

import json

import pytest
import torch

from rnnbench.results.record import read_result
from rnnbench.tasks.sentiment import SnowNLPClassifier, TfidfClassifier


def run(rnnbench, preset, corpus, options=""):
    source = f"--config own.yaml --data.source.path {corpus}"
    rnnbench(f"fit --config sentiment/{preset} {source} --name b {options}")
    rnnbench("test --run runs/sentiment/b")
    return read_result(corpus.parent / "runs/sentiment/b/result.json")


def read(corpus, split):
    rows = [json.loads(line) for line in (corpus / f"{split}.jsonl").read_text().splitlines()]
    return [row["text"] for row in rows], [row["label"] for row in rows]


def test_majority(rnnbench, corpus):
    result = run(rnnbench, "majority", corpus, "--trainer.log_every_n_steps 1 --data.batch_size 8")
    _, labels = read(corpus, "test")
    assert result.baseline
    assert result.metrics["test"]["accuracy"].value == labels.count("negative") / len(labels)  # 31 of 61 in training
    assert rnnbench("predict --run runs/sentiment/b reviews/test.jsonl").out.startswith("negative\t0.5082\t")
    rnnbench("fit --resume runs/sentiment/b --trainer.max_epochs 2")
    rnnbench("test --run runs/sentiment/b")
    assert read_result(corpus.parent / "runs/sentiment/b/result.json").metrics == result.metrics


def test_average(rnnbench, corpus):
    result = run(rnnbench, "average", corpus, "--trainer.max_epochs 1 --model.embedding.embedding_size 6")
    assert (result.model, result.cell, result.baseline) == ("average of 6-d vectors", None, True)


@pytest.mark.parametrize(("order", "classes"), [(2, 2), (1, 3)])
def test_tfidf_is_that_of_scikit_learn(rnnbench, corpus, order, classes):
    text = pytest.importorskip("sklearn.feature_extraction.text")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    if classes == 3:
        for path in corpus.glob("*.jsonl"):
            path.write_text(path.read_text().replace("negative", "neutral", 5))
    result = run(rnnbench, "tfidf", corpus, f"--data.unit word --model.order {order}")
    vectorizer = text.TfidfVectorizer(tokenizer=str.split, token_pattern=None, ngram_range=(1, order))
    theirs = make_pipeline(vectorizer, LogisticRegression(C=10.0, max_iter=1000)).fit(*read(corpus, "train"))
    texts, labels = read(corpus, "test")
    assert result.metrics["test"]["accuracy"].value == theirs.score(texts, labels)
    assert result.parameters == (len(vectorizer.get_feature_names_out()) + 1) * (1 if classes == 2 else 3)
    model = TfidfClassifier.load_from_checkpoint(
        corpus.parent / "runs/sentiment/b/checkpoints/best.ckpt", weights_only=True
    )
    ours = model.probabilities([model.encode(text) for text in texts])
    torch.testing.assert_close(ours, torch.from_numpy(theirs.predict_proba(texts)), rtol=1e-6, atol=1e-6)


def test_the_classifier_of_snownlp_is_its_own(rnnbench, tmp_path):
    sentiment = pytest.importorskip("snownlp.sentiment")
    good, bad = ["服务很好，房间干净", "很好吃，还会再来", "位置不错"], ["服务太差了", "房间很脏，不会再来", "不好吃"]
    rows = [{"text": text, "label": "pos"} for text in good] + [{"text": text, "label": "neg"} for text in bad]
    asked = ["房间不错，很干净", "太脏了", "", "龘"]
    folder = tmp_path / "reviews"
    folder.mkdir()
    for split, part in {"train": rows, "validation": rows, "test": rows}.items():
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in part)
        (folder / f"{split}.jsonl").write_text("".join(lines), encoding="utf-8")
    rnnbench(
        f"fit --config sentiment/snownlp_bayes --data.source Files --data.source.path {folder}"
        " --data.source.card none --name b"
    )
    checkpoint = tmp_path / "runs/sentiment/b/checkpoints/best.ckpt"
    model = SnowNLPClassifier.load_from_checkpoint(checkpoint, weights_only=True)
    theirs = sentiment.Sentiment()
    theirs.train(bad, good)
    ours = model.probabilities([model.encode(text) for text in asked])[:, model.labels.names.index("pos")]
    assert ours.tolist() == pytest.approx([theirs.classify(text) for text in asked], rel=1e-12)
