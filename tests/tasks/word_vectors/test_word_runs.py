"""Whole runs: presets, predict, baselines, resuming, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rnnbench.cli.presets import preset_names
from rnnbench.data.batches.bucket_loader import Position
from rnnbench.data.sources import files
from rnnbench.engine.fused.build import BuildError
from rnnbench.errors import UserError
from rnnbench.tasks.word_vectors.data import Pieces
from rnnbench.tasks.word_vectors.predict import Wanted, read_line

PRESETS = [name for name in preset_names() if name.startswith("word_vectors/")]
TINY = "--data.source.train 1500 --data.source.held_out 60 --data.batch_size 4 --trainer.max_epochs 4 --name a"
RUN = "runs/word_vectors/a"


def metrics(name="a", split="test"):
    return json.loads(Path(f"runs/word_vectors/{name}/result.json").read_text())["metrics"][split]


def weights(name="a"):
    path = Path(f"runs/word_vectors/{name}/checkpoints/last.ckpt")
    return torch.load(path, weights_only=True)["state_dict"]


def small_text(lines=400):
    draw = np.random.default_rng(0)
    text = "".join(" ".join(f"w{draw.zipf(1.5) % 50}" for _ in range(12)) + "\n" for _ in range(lines))
    Path("t.txt").write_text(text)
    return "--data rnnbench.tasks.word_vectors.WordData --data.source rnnbench.data.Files --data.source.path t.txt"


MODEL = "--model rnnbench.tasks.word_vectors.Word2Vec --model.embedding_size 6"


@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in PRESETS if "builtin" in name])
def test_every_preset_finds_what_the_words_mean(preset, rnnbench):
    rnnbench(f"fit --config {preset} --name a")
    rnnbench(f"test --run {RUN}")
    found = metrics()
    assert found["similarity"]["value"] > 0.8
    assert found["analogies"]["value"] > 0.9
    known = 1770 if "subwords" in preset else 1431
    assert found["similarity"]["signature"].startswith(f"similarity|spearman|pairs:{known}/1770")


def test_a_run_answers_every_kind_of_question(rnnbench):
    rnnbench(f"fit --config word_vectors/builtin {TINY} --trainer.max_epochs 12")
    rnnbench(f"test --run {RUN}")
    assert metrics()["analogies"]["signature"].startswith("analogies|3CosAdd|questions:")
    Path("asked.txt").write_text("bolinta\nbodorta - bolinta + kalinta\nbolinta bolinne bofesta kadorsu\nbolintt\n")
    done = rnnbench(f"predict --run {RUN} asked.txt --nearest 3")
    nearest, total, odd, unknown = [line.split("\t") for line in done.out.splitlines()]
    assert len(nearest) == 4
    assert all(
        one.startswith(("bo", "lin", "ta")) or one[2:].startswith(("lin", "dor", "fes", "gan")) for one in nearest
    )
    assert total[1].split()[0] == "kadorta"
    assert odd[1:] == ["kadorsu"]
    assert unknown[1:] == ["-"]
    assert "'bolintt' has no vector; did you mean: bolinta" in done.err
    nothing = rnnbench(f"predict --run {RUN}", debug=False)
    assert (nothing.status, "there is no word" in nothing.err) == (2, True)
    answers = [json.loads(line) for line in rnnbench(f"predict --run {RUN} asked.txt --format json").out.splitlines()]
    assert [set(answer) for answer in answers] == [{"asked", "nearest"}] * 2 + [{"asked", "odd"}, {"asked", "nearest"}]


def test_lines_are_words_sums_or_sets():
    assert read_line("king") == Wanted(["king"], [], False)
    assert read_line(" king - man + woman ") == Wanted(["king", "woman"], ["man"], False)
    assert read_line("- man + king") == Wanted(["king"], ["man"], False)
    assert read_line("lunch dinner e-mail") == Wanted(["lunch", "dinner", "e-mail"], [], True)
    assert read_line("  ") == Wanted([], [], False)


def test_strings_give_words_that_were_never_seen_a_vector(rnnbench):
    rnnbench(f"fit --config word_vectors/builtin_subwords {TINY}")
    Path("asked.txt").write_text("bolintas\n")
    assert len(rnnbench(f"predict --run {RUN} asked.txt").out.split("\t")) == 11


def test_without_a_compiler_the_definition_learns_with_a_line(rnnbench, monkeypatch):
    rnnbench(f"fit --config word_vectors/builtin {TINY}")
    with_native = weights()["network.weight"]

    def missing(single):
        raise BuildError("there is no C++ compiler (g++)")

    monkeypatch.setattr("rnnbench.embeddings.native._library", missing)
    done = rnnbench(f"fit --config word_vectors/builtin {TINY} --name b")
    assert "vectors are learned by the definition, slowly: there is no C++ compiler (g++)" in done.out
    assert json.loads(Path("runs/word_vectors/b/result.json").read_text())["engine"] == "reference"
    # Steps of 32 windows at a time: nearly where steps of single windows lead.
    assert torch.cosine_similarity(weights("b")["network.weight"], with_native).mean() > 0.95
    refused = rnnbench(f"fit --config word_vectors/builtin {TINY} --name c --model.engine native", debug=False)
    assert refused.status == 2
    assert "native code cannot be had: there is no C++ compiler" in refused.err


def test_a_text_on_disk_is_learned_from_alike(rnnbench, monkeypatch):
    data = small_text().replace("t.txt", "text")
    Path("text").mkdir()
    for split in ("train", "validation", "test"):
        Path(f"text/{split}.txt").write_text(Path("t.txt").read_text())
    rnnbench(f"fit {MODEL} {data} --trainer.max_epochs 2 --name a")
    monkeypatch.setattr(files, "LARGE_TEXT", 1)
    told = rnnbench(f"fit {MODEL} {data} --trainer.max_epochs 2 --name b").err
    assert "what is made of it is made once and kept in" in told
    assert all(torch.equal(value, weights("b")[name]) for name, value in weights().items())


def test_several_threads_say_that_bits_differ(rnnbench):
    told = rnnbench(f"fit --config word_vectors/builtin {TINY} --model.threads 2").out
    assert "2 threads learn from the same vectors: no two runs end with the same bits" in told


def test_a_stream_is_not_gone_on_with_that_is_cut_otherwise():
    tokens = np.zeros(9500, dtype=np.uint8)
    loader = Pieces(tokens, 3, position=lambda: Position(0, 2))
    assert [(batch.place, batch.tokens) for batch in loader] == [(6000, 3000), (9000, 500)]
    loader.load_state_dict(Pieces(tokens, 3).state_dict())
    with pytest.raises(UserError, match="in batches of 4 pieces"):
        loader.load_state_dict(Pieces(tokens, 4).state_dict())


@pytest.mark.parametrize(("length", "size", "processes"), [(9500, 3, 2), (1000, 5, 3), (4000, 1, 3)])
def test_pieces_are_dealt_out_whole(length, size, processes):
    tokens = np.arange(length) % 200
    dealt = [list(Pieces(tokens, size, rank, processes)) for rank in range(processes)]
    assert len({len(batches) for batches in dealt}) == 1, "none waits for another"
    together = sorted((batch for batches in dealt for batch in batches if batch.tokens), key=lambda batch: batch.place)
    assert torch.cat([batch.x for batch in together]).tolist() == tokens.tolist()
    assert torch.cat([batch.ids for batch in together]).tolist() == list(range(-(-length // 1000)))
    assert all(batch.ids.tolist() == [-1] for batches in dealt for batch in batches if not batch.tokens)


def test_vectors_of_a_run_begin_another(rnnbench):
    rnnbench(f"fit --config word_vectors/builtin {TINY}")
    told = rnnbench(f"fit --config word_vectors/builtin {TINY} --from {RUN} --name b --trainer.max_epochs 1").out
    assert "network: whole" in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--trainer.max_epochs -1", "the rate falls over all epochs"),
        ("--data.min_count 100000", "there are not two that occur at least 100000 times"),
        ("--data.benchmarks nowhere", "there is no folder or card of benchmarks 'nowhere'"),
        ("--model.output.init_args.negatives 63", "must be from 1 to 62, found 63"),
        ("--model.learning_rate 1e30", "the vectors have diverged"),
        ("--model.window 0", "must be at least 1, found 0"),
    ],
)
def test_what_is_wrong_is_told(options, said, rnnbench):
    done = rnnbench(f"fit --config word_vectors/builtin {TINY} {options}", debug=False)
    if "benchmarks" in options and done.status == 0:
        done = rnnbench(f"test --run {RUN}", debug=False)
    assert done.status == 2
    assert said in done.err


def test_what_nobody_can_answer_is_told_and_not_measured(rnnbench):
    rnnbench(f"fit --config word_vectors/builtin {TINY} --data.level char --data.min_count 1 --trainer.max_epochs 1")
    told = rnnbench(f"test --run {RUN}").out
    assert "none of 180 analogies has four known words: they measure nothing" in told
    assert "similarity: of 1,770 pairs 0 have two known words: they measure nothing" in told
    assert set(metrics()) == {"nats_per_pair", "unknown"}


def test_a_corpus_of_one_word_is_refused(rnnbench):
    data = small_text()
    Path("t.txt").write_text("again again again again again again again again\n" * 40)
    done = rnnbench(f"fit {MODEL} {data} --trainer.max_epochs 1", debug=False)
    assert done.status == 2
    assert "a word is told from others, and there are not two" in done.err


@pytest.mark.slow
def test_two_processes_are_refused(rnnbench):
    options = "--trainer.accelerator cpu --trainer.strategy ddp --trainer.devices 2"
    done = rnnbench(f"fit --config word_vectors/builtin {TINY} {options}", debug=False)
    assert done.status == 2
