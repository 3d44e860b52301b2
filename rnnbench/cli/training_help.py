"""``rnnbench fit --help``, read from sources, so that nobody waits for torch to see it."""

from __future__ import annotations

import argparse
import ast
import functools
import importlib.util
from pathlib import Path
from typing import NamedTuple

import docstring_parser

import rnnbench
from rnnbench.cli.run_options import option_parser

_EXAMPLES = {
    "fit": "rnnbench fit --config text_generation/char_lstm --trainer.max_epochs 5 --model.backbone.cell GRU",
    "validate": "rnnbench validate --run runs/text_generation/char_lstm-1",
    "test": "rnnbench test --run runs/text_generation/char_lstm-1",
}
_CALLBACKS = {
    "checkpoint": "RunCheckpoint",
    "divergence": "DivergenceGuard",
    "budget": "Budget",
    "fine_tuning": "FineTuning",
}


class Option(NamedTuple):
    """An option as its source describes it."""

    name: str
    kind: str
    default: str
    text: str


def page(verb: str) -> str:
    """All options of a verb.

    Args:
        verb: ``fit``, ``validate`` or ``test``.
    """
    parser = argparse.ArgumentParser(
        prog=f"rnnbench {verb}",
        usage=f"rnnbench {verb} [--config PRESET|FILE ...] [--OPTION VALUE ...]",
        description=f"such as: {_EXAMPLES[verb]}",
        parents=[option_parser(verb)],
        add_help=False,
    )
    general = parser.add_argument_group("configuration")
    general.add_argument("--print_config", action="store_true", help="print what all of this comes to, and stop")
    for name, metavar, text in (
        ("--config", "PRESET|FILE", "a preset (rnnbench list presets) or a file; several are merged, later ones win"),
        ("--seed_everything", "N", "seed of everything that is drawn (default: 1)"),
        ("--from", "RUN", "a run to take the weights of; without --config its own configuration is taken, too"),
        ("--ckpt_path", "FILE", "a checkpoint to start from"),
        ("--scheduler_interval", "epoch|step", "when the schedule is stepped (default: after what it counts)"),
        ("--weights_only", "BOOL", "checkpoints are read without unpickling, whatever this says"),
        *([("--verbose", "BOOL", "print the metrics (default: true)")] if verb != "fit" else []),
    ):
        general.add_argument(name, metavar=metavar, help=text)
    for name, what in (("model", "the model"), ("data", "the data")):
        group = parser.add_argument_group(what)
        group.add_argument(f"--{name}", metavar="CLASS", help=f"class of {what}; a preset names one")
        group.add_argument(
            f"--{name}.OPTION", metavar="VALUE", help="an option of it, such as --model.optimizer.lr 1e-3"
        )
        group.add_argument(f"--{name}.help", metavar="CLASS", help="show the options of a class, such as LanguageModel")
    for prefix, class_name in _CALLBACKS.items():
        _add_group(parser, prefix, Path(rnnbench.__file__).parent / "platform" / f"{prefix}.py", class_name)
    lightning = importlib.util.find_spec("lightning")
    assert lightning is not None
    assert lightning.submodule_search_locations
    source = Path(lightning.submodule_search_locations[0]) / "pytorch" / "trainer" / "trainer.py"
    _add_group(parser, "trainer", source, "Trainer", title="Lightning's trainer")
    return parser.format_help()


def _add_group(
    parser: argparse.ArgumentParser, prefix: str, source: Path, class_name: str, title: str | None = None
) -> None:
    summary, options = described(source, class_name)
    group = parser.add_argument_group(title or summary)
    for one in options:
        text = f"{one.text} ({one.kind}, default: {one.default})".strip()
        group.add_argument(f"--{prefix}.{one.name}", metavar="VALUE", help=text.replace("%", "%%"))


@functools.cache
def described(source: Path, class_name: str) -> tuple[str, list[Option]]:
    """What a class is, and the options of its ``__init__``.

    Args:
        source: The Python file.
        class_name: The class in it.
    """
    tree = ast.parse(source.read_text(encoding="utf-8"))
    node = next(one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == class_name)
    init = next(one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__")
    documented = docstring_parser.parse(ast.get_docstring(init) or ast.get_docstring(node) or "")
    texts = {one.arg_name: " ".join((one.description or "").split()) for one in documented.params}
    arguments = init.args.args[1:] + init.args.kwonlyargs
    defaults = [*init.args.defaults, *init.args.kw_defaults]
    return _plain(documented.short_description or class_name), [
        Option(argument.arg, _kind(argument.annotation), _text(default), _first_sentence(texts.get(argument.arg, "")))
        for argument, default in zip(arguments, defaults, strict=True)
    ]


def _kind(annotation: ast.expr | None) -> str:
    """A type as people write it: ``Annotated[int, AT_LEAST_1] | None`` is int or null."""
    if annotation is None:
        return "any"
    if isinstance(annotation, ast.BinOp):
        return f"{_kind(annotation.left)} or {_kind(annotation.right)}"
    if isinstance(annotation, ast.Subscript):
        inner = annotation.slice
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if ast.unparse(annotation.value) == "Annotated":
            return _kind(parts[0])
        if ast.unparse(annotation.value) == "Optional":
            return f"{_kind(inner)} or null"
        if ast.unparse(annotation.value) == "Union":
            return " or ".join(map(_kind, parts))
    return {"None": "null"}.get(ast.unparse(annotation), ast.unparse(annotation))


def _text(default: ast.expr | None) -> str:
    text = "" if default is None else ast.unparse(default).strip("'")
    return {"None": "null", "True": "true", "False": "false"}.get(text, text)


def _first_sentence(text: str) -> str:
    """What an option is, without the notes that follow; those of Lightning run to a page."""
    return _plain(text.split(" Default: ")[0].split(". ")[0])


def _plain(text: str) -> str:
    return text.replace("``", "").removesuffix(".")
