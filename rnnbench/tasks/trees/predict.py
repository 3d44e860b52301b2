"""Classes of trees by a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence

from rnnbench.data.lines import Line, LineStream, in_parts, json_line
from rnnbench.data.trees.tree import Tree
from rnnbench.errors import UserError
from rnnbench.tasks.base.pictures import new_picture
from rnnbench.tasks.trees.model import Judged, TreeClassifier
from rnnbench.tasks.trees.show import picture, said

_NOTHING = "-"
_TREES_AT_ONCE = 256
_MOST_DRAWN = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="class, probability and tree parted by tabs; or JSON with all probabilities (default: text)",
    )
    parser.add_argument(
        "--picture",
        type=new_picture,
        metavar="FILE",
        help=f"draw the first {_MOST_DRAWN} trees, with what is said at every node (.png, .svg, .pdf)",
    )


def predict(model: TreeClassifier, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
    """Gives each line its class, and every node of its tree.

    Args:
        model: A trained model.
        lines: Lines of the input: a tree in brackets, a sentence, or a row as JSON.
        arguments: The parsed options.

    Yields:
        A line for each: class, probability, and the tree with a class at every node, parted by tabs; ``-`` twice and
        the line itself where there is no tree in it. Or JSON.
    """
    if not lines:
        raise UserError(
            "there is no tree", where="rnnbench predict", hint="name a file with a tree on each line, or - for stdin"
        )
    drawn: list[tuple[Judged, Tree]] = []
    for part in in_parts(lines, arguments.batch_size or _TREES_AT_ONCE):
        read = [_read(model, text) for text, _ in part]
        trees = [tree for tree in read if isinstance(tree, Tree)]
        judged = iter(model.judge(trees))
        for (text, _), tree in zip(part, read, strict=True):
            if isinstance(tree, str):
                yield _answer(arguments, text, None, None)
                continue
            one = next(judged)
            if arguments.picture and len(drawn) < _MOST_DRAWN:
                drawn.append((one, tree))
            yield _answer(arguments, text, model, one)
    if drawn:
        # Labels of an input need be no classes of the model.
        known = [tree.labelled([name if name in model.classes else None for name in tree.labels]) for _, tree in drawn]
        picture(model, arguments.picture, [one for one, _ in drawn], known)


def warnings(model: TreeClassifier, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """Which lines hold no tree and why, and of which the model knows no word."""
    found = []
    for text, where in lines:
        tree = _read(model, text)
        if isinstance(tree, str):
            found.append(f"{where}: {tree}")
        elif len(model.encoder.missing(tree)) == len(set(tree.words)):
            found.append(f"{where}: none of its words is in the vocabulary")
    return found


def _answer(arguments: argparse.Namespace, text: str, model: TreeClassifier | None, judged: Judged | None) -> str:
    if model is None or judged is None:
        if arguments.format == "json":
            return json_line({"text": text, "label": None, "probabilities": None, "tree": None})
        return f"{_NOTHING}\t{_NOTHING}\t{text}\n"
    tree, root = said(model, judged), judged.probabilities[judged.tree.root].tolist()
    label, brackets = tree.labels[tree.root], tree.brackets()
    if arguments.format == "json":
        probabilities = dict(zip(model.classes, root, strict=True))
        return json_line({"text": text, "label": label, "probabilities": probabilities, "tree": brackets})
    return f"{label}\t{max(root):.4f}\t{brackets}\n"


def _read(model: TreeClassifier, text: str) -> Tree | str:
    """The tree of a line, or what is wrong with it."""
    text = text.strip()
    if not text:
        return "there is nothing in it"
    row = {"tree": text} if text.startswith("(") else {"text": text}
    if text.startswith("{"):
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            return f"not JSON: {error}"
    try:
        return model.read(row)
    except ValueError as error:
        return str(error)
