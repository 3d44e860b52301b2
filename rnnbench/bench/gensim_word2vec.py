"""Word vectors of gensim on the text, windows and dimensions of a preset: what ours are held against.

``python -m rnnbench.bench.gensim_word2vec speed word_vectors/imdb_cbow_tree`` prints how many words a second both learn
from, in turns: within one training, an epoch of ours with all that a run keeps, then one of gensim's, from sentences in
memory and from a file. ``quality`` trains both with several seeds and prints what the benchmarks say of each. Options
of the preset may follow, such as ``--data.source.path imdb --model.threads 2``.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from rnnbench.bench.training_step import instantiate
from rnnbench.cli.training import run_verb
from rnnbench.machine import pin_to_cores
from rnnbench.results.record import RESULT_FILE
from rnnbench.tasks.word_vectors import HierarchicalSoftmax, Word2Vec, WordData
from rnnbench.tasks.word_vectors.lookup import Lookup
from rnnbench.tasks.word_vectors.metrics import answer_questions, spearman

_SCORES = ("wordsim353", "simlex999", "analogies")


def gensim_of(model: Word2Vec, data: WordData, epochs: int, seed: int = 1) -> Any:
    """A model of gensim with the words and options of ours, not trained yet.

    Args:
        model: Ours, built or not.
        data: The data, set up.
        epochs: How often it reads the text.
        seed: Its seed.
    """
    library = importlib.import_module("gensim.models")
    output = model.make_output(data.counts, 1)
    tree = isinstance(output, HierarchicalSoftmax)
    found = library.Word2Vec(
        vector_size=model.embedding_size,
        window=model.window,
        sample=model.sample,
        alpha=model.learning_rate,
        min_alpha=model.last_rate,
        sg=int(model.architecture == "skip_gram"),
        hs=int(tree),
        negative=0 if tree else getattr(output, "negatives", 5),
        min_count=1,
        workers=model.threads,
        epochs=epochs,
        seed=seed,
    )
    assert data.tokenizer is not None
    counted = zip(data.tokenizer.tokens, data.counts, strict=True)
    found.build_vocab_from_freq({word: count for word, count in counted if count}, corpus_count=1)
    return found


def sentences_of(data: WordData) -> list[list[str]]:
    """The training text as gensim reads it: a list of words for each line, those without a vector left out."""
    assert data.tokenizer is not None
    tokens, end, unknown = data.tokenizer.tokens, data.tokenizer.end, data.tokenizer.unknown
    found: list[list[str]] = [[]]
    for token in data.streams["train"].tokens[:].tolist():
        if token == end:
            found.append([])
        elif token != unknown:
            found[-1].append(tokens[token])
    return [sentence for sentence in found if sentence]


class _Turns(Callback):
    """Times each epoch of ours, and after it one of gensim's from memory and one from a file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.times: dict[str, list[float]] = {"ours": [], "gensim, memory": [], "gensim, file": []}
        self.words = 0
        self._gensim: Any = None
        self._sentences: list[list[str]] = []
        self._began = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Gives gensim the same text."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(pl_module, Word2Vec)
        self._sentences = sentences_of(data)
        self.words = sum(map(len, self._sentences))
        self.file.write_text("".join(" ".join(sentence) + "\n" for sentence in self._sentences), encoding="utf-8")
        self._gensim = gensim_of(pl_module, data, 1)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The epoch before is over with all that belongs to it; the first one warms up."""
        now = time.perf_counter()
        if trainer.current_epoch > 1:
            self.times["ours"].append(now - self._began)
            lines = len(self._sentences)
            self._time("gensim, memory", corpus_iterable=self._sentences, total_examples=lines)
            self._time("gensim, file", corpus_file=str(self.file), total_examples=lines, total_words=self.words)
        self._began = time.perf_counter()

    def _time(self, name: str, **options: Any) -> None:
        start = time.perf_counter()
        self._gensim.train(epochs=1, **options)
        self.times[name].append(time.perf_counter() - start)


def _speed(preset: str, options: Sequence[str], rounds: int, cores: int) -> None:
    pin_to_cores(cores)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        turns = _Turns(Path(folder) / "text.txt")
        words = ["fit", f"--config={preset}", "--trainer.limit_val_batches=0", "--trainer.logger=false", *options]
        words += [f"--trainer.max_epochs={rounds + 2}", f"--runs={folder}", "--name=timed"]
        with contextlib.redirect_stdout(io.StringIO()):
            run_verb(words, [turns])
    for name, seconds in turns.times.items():
        print(f"{preset}: {name}: {turns.words / statistics.median(seconds):,.0f} words/s")
    ours = turns.times.pop("ours")
    ratios = {
        name: statistics.median(b / a for a, b in zip(ours, seconds, strict=True))
        for name, seconds in turns.times.items()
    }
    print(f"{preset}: " + ", ".join(f"{name} / ours = {found:.2f}" for name, found in ratios.items()), flush=True)


def _quality(preset: str, options: Sequence[str], seeds: int) -> None:
    torch.set_num_threads(1)
    model, data = instantiate([preset, *options])
    assert isinstance(model, Word2Vec)
    assert isinstance(data, WordData)
    data.prepare_data()
    for stage in ("fit", "test"):
        data.setup(stage)
    sentences = sentences_of(data)
    found: dict[str, list[list[float]]] = {"ours": [], "gensim": []}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, seeds + 1):
            run = Path(folder) / "word_vectors" / str(seed)
            words = [f"--config={preset}", "--trainer.logger=false", *options, f"--runs={folder}", f"--name={seed}"]
            with contextlib.redirect_stdout(io.StringIO()):
                run_verb(["fit", *words, f"--seed_everything={seed}"])
                run_verb(["test", f"--run={run}"])
            result = json.loads((run / RESULT_FILE).read_text(encoding="utf-8"))
            measured = result["metrics"]["test"]
            found["ours"].append([measured[name]["value"] for name in _SCORES if name in measured])
            theirs = gensim_of(model, data, int(result["training"]["epochs"]), seed)
            theirs.train(sentences, total_examples=len(sentences), epochs=theirs.epochs)
            found["gensim"].append(_scores(theirs, data))
            print(
                f"{preset}, seed {seed}: ours {_shown(found['ours'][-1])}, gensim {_shown(found['gensim'][-1])}",
                flush=True,
            )
    for name, rows in found.items():
        columns = list(zip(*rows, strict=True))
        means = [statistics.fmean(one) for one in columns]
        spread = f" +- {_shown([statistics.stdev(one) for one in columns])}" if len(rows) > 1 else ""
        print(f"{preset}, {name}: {_shown(means)}{spread}", flush=True)


def _scores(theirs: Any, data: WordData) -> list[float]:
    """What our measures say of gensim's vectors."""
    lookup = Lookup(theirs.wv.index_to_key, torch.from_numpy(theirs.wv.vectors))
    pairs = data.benchmarks.pairs
    rhos = [spearman(pairs[name], lookup).value for name in _SCORES if name in pairs]
    answered = answer_questions(data.benchmarks.questions, lookup, data.analogy_words)
    return [*rhos, *([float(answered.added.mean())] if len(answered.numbers) else [])]


def _shown(values: Sequence[float]) -> str:
    return " ".join(f"{value:.4f}" for value in values)


def main() -> None:
    """Prints lines for each preset."""
    parser = argparse.ArgumentParser(description="Hold word vectors against gensim's.")
    parser.add_argument("what", choices=("speed", "quality"))
    parser.add_argument("preset")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds of speed (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds of quality (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=1, metavar="N", help="cores that speed may use (default: 1)")
    arguments, options = parser.parse_known_args()
    if arguments.what == "speed":
        _speed(arguments.preset, options, arguments.rounds, arguments.cores)
    else:
        _quality(arguments.preset, options, arguments.seeds)


if __name__ == "__main__":
    main()
