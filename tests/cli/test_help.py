"""Help, and what can be found wrong without torch, come before torch is imported."""

import subprocess
import sys

import pytest

from rnnbench.cli import training
from rnnbench.cli.run_options import read_options
from rnnbench.cli.training_help import page

VERBS = ("fit", "validate", "test")
# Of classes: their options are those of the class, which --model.help and its like show.
CLASSES = ("--model", "--data")


class _Parsed(Exception):
    pass


class _Parser(training.RunCLI):
    """Makes the parser and stops."""

    def parse_arguments(self, parser, args):
        raise _Parsed(parser)


def parser_of(verb):
    with pytest.raises(_Parsed) as found:
        _Parser(read_options(verb, []))
    return found.value.args[0]._subcommands_action._name_parser_map[verb]


@pytest.mark.parametrize("verb", VERBS)
def test_the_page_tells_of_every_option(verb):
    """It is read from sources; the parser is made from the classes themselves."""
    told = page(verb).split()
    groups = {"--trainer", "--checkpoint", "--divergence", "--budget", "--fine_tuning"}
    for action in parser_of(verb)._actions:
        for name in action.option_strings:
            if name.startswith("--") and not name.endswith(("+", ".help")) and name not in {*groups, "--help"}:
                assert name in told or name.startswith(CLASSES), name


def test_types_and_defaults_are_those_of_people():
    text = " ".join(page("fit").split())
    assert "Write last after so many optimizer steps, too (int or null, default: null)" in text
    assert "--budget.epochs VALUE Passes over the training data" in text


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        ("fit --help", 0, "--trainer.max_epochs VALUE"),
        ("test -h", 0, "--run RUN"),
        ("predict --help", 0, "files with an input on each line"),
        ("predict", 2, "the following arguments are required: --run"),
        ("fit --config text_generation/char_lstn", 2, "did you mean: text_generation/char_lstm"),
        ("fit --config bad.yaml", 2, "bad.yaml, line 1"),
        ("fit --resume runs/none", 2, "there is no such run folder"),
        ("test --run runs/none", 2, "there is no such run folder"),
        ("predict --run runs/none", 2, "there is no such run folder"),
    ],
)
def test_no_torch_is_needed(tmp_path, words, status, expected):
    (tmp_path / "bad.yaml").write_text("a: [")
    code = "import sys; from rnnbench.cli import main; s = main(sys.argv[1:]); print('torch' in sys.modules); exit(s)"
    done = subprocess.run([sys.executable, "-c", code, *words.split()], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert expected in done.stdout + done.stderr
    assert done.stdout.endswith("False\n")
