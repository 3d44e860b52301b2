"""One law for whatever is typed or stands in a file: it is taken as it is, or refused in three lines that say where."""

import contextlib
import io
import shlex
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rnnbench.cli import main, training
from rnnbench.cli.run_options import RunOptions
from rnnbench.cli.untrained import Untrained

INPUTS, MANY = 40, 300

# fmt: off
NUMBERS = st.sampled_from(
    ["0", "-1", "1", "-7", "3", "1e-320", "1e400", ".nan", ".inf", "nan", "99999999999", "9" * 5000, "0x1"]
)
ODD = st.sampled_from([
    "", " ", "null", "true", "x", "~nosuch/a", "a\0b", "a" * 5000, "\udcff", "é\u2028b", "'", "%s", "a: b: c",
    "[", "[" * 3000, "{a: b}", "{{}: 1}", "&a [*a]", "!x 1", "!!binary x", "2001-99-99", "- a\n- b",
    "LSTMM", "os.path", "a.b.c", "torch.nn.LSTM",
])
OPTIONS = st.sampled_from([
    "trainer.max_epochs", "trainer.accumulate_grad_batches", "trainer.log_every_n_steps", "trainer.gradient_clip_val",
    "trainer.precision", "trainer.callbacks", "trainer.limit_val_batches", "trainer.max_epoch", "seed_everything",
    "budget.epochs", "checkpoint.every_n_steps", "checkpoint.every_minutes", "divergence.max_gradient_norm",
    "model", "model.backbone.cell", "model.backbone.hidden_size", "model.backbone.num_layers",
    "model.backbone.dropout", "model.embedding_size", "model.optimizer", "model.optimizer.lr", "model.scheduler",
    "model.scheduler.gamma", "data", "data.source", "data.source.path", "data.level", "data.batch_size",
    "data.sequence_length", "data.max_vocabulary", "nonsense", "name", "config", "resume", "ckpt_path",
])
# fmt: on
VALUES = NUMBERS | ODD | st.text(st.characters(), max_size=8)
KEYS = st.sampled_from(
    ["trainer", "model", "data", "max_epochs", "class_path", "init_args", "backbone", "x"]
) | st.integers(0, 3)
TREES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(string.printable, max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp037"])
PRESET = """\
# A comment
model:
  class_path: rnnbench.tasks.text_generation.LanguageModel
  init_args:
    embedding_size: 4
    backbone:
      class_path: rnnbench.backbone.Backbone
      init_args: {cell: {class_path: rnnbench.cells.LSTM}, hidden_size: 8}
    optimizer: {class_path: torch.optim.Adam, init_args: {lr: 0.004}}
data:
  class_path: rnnbench.tasks.text_generation.TextData
  init_args:
    source: {class_path: rnnbench.data.Files, init_args: {path: corpus}}
    batch_size: 4
trainer:
  max_epochs: 2
  gradient_clip_val: 1.0
"""


@st.composite
def spoiled_files(draw: st.DrawFn) -> bytes:
    """A configuration into which something was typed, or from which something was cut."""
    start = draw(st.integers(0, len(PRESET)))
    typed = draw(st.text("[]{}:,&*!'\"\t #-?|>%@`ab1\0", max_size=5))
    return (PRESET[:start] + typed + PRESET[start + draw(st.integers(0, 9)) :]).encode()


FILES = (
    spoiled_files()
    | st.binary(max_size=30)
    | st.builds(lambda tree, encoding: yaml.dump(tree).encode(encoding, "replace"), TREES, ENCODINGS)
)
COMMANDS = st.lists(st.tuples(OPTIONS, VALUES), min_size=1, max_size=2)


@pytest.fixture
def looking(small, monkeypatch):
    """The words of a training that is looked at and never begun, and what its options came to."""
    found = {}

    class Look(Untrained):
        def __init__(self, options: RunOptions, *_: object) -> None:
            super().__init__(options)

        def fit(self, **kwargs: Any) -> None:
            found["config"] = self.config.fit
            super().fit(**kwargs)

    monkeypatch.setattr(training, "RunCLI", Look)
    return shlex.split(small), found


def law(words: list[str], place: list[str]) -> bool:
    """Whether the words are accepted; if they are not, that they are refused as they should be."""
    before = {path: path.stat().st_size for path in Path().rglob("*")}
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["fit", *words])
    told = err.getvalue()
    assert before == {path: path.stat().st_size for path in Path().rglob("*")}, "nothing is lost, nothing left behind"
    if status == 0:
        return True
    assert status == 2, told
    assert told.startswith("error: "), told
    assert len(told.splitlines()) <= 3, told
    assert max(map(len, told.splitlines())) < 550, told
    for inner in ("Traceback", "Namespace(", "NestedArg", "Union subtypes", "<class"):
        assert inner not in told
    assert any(" ".join(one.split()) in told for one in place), told
    return False


def options_law(looking, options):
    words, found = looking
    typed = [f"--{name}={value}" for name, value in options]
    places = ["error: rnnbench", *(f"--{name}" for name, _ in options), *(name for name, _ in options)]
    places += [value[:50] for _, value in options if value.strip()]
    if law([*words, *typed], places):
        for name, value in dict(options).items():
            taken = found["config"].get(name)
            if isinstance(taken, (int, float)) and not isinstance(taken, bool) and name.startswith("trainer."):
                assert taken == float(value), "what was typed is what is taken"


def files_law(looking, content):
    words, _ = looking
    Path("mine.yaml").write_bytes(content)
    law([*words, "--config", "mine.yaml"], ["mine.yaml", "error: rnnbench", "--"])


# An input takes up to a second, so none is made smaller when it fails.
SETTINGS = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
    "phases": [Phase.generate],
}


@settings(max_examples=INPUTS // 2, derandomize=True, **SETTINGS)
@given(COMMANDS)
def test_options(looking, options):
    options_law(looking, options)


@settings(max_examples=INPUTS // 2, derandomize=True, **SETTINGS)
@given(FILES)
def test_files(looking, content):
    files_law(looking, content)


@pytest.mark.slow
@settings(max_examples=MANY // 2, **SETTINGS)
@given(COMMANDS)
def test_many_options(looking, options):
    options_law(looking, options)


@pytest.mark.slow
@settings(max_examples=MANY // 2, **SETTINGS)
@given(FILES)
def test_many_files(looking, content):
    files_law(looking, content)
