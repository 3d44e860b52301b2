"""Weights of a trained model as the beginning of another one: matched by name, their rows by what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.errors import UserError

if TYPE_CHECKING:
    from rnnbench.tasks.base.task import Task

NEW = "new"
"""Said of a weight that begins as it was drawn."""
WHOLE = "whole"
"""Said of a weight of which every number is taken."""


@dataclass(frozen=True)
class Names:
    """What the rows, or columns, of a weight stand for.

    Args:
        of: What the names are names of, such as ``word`` or ``class``; only like goes by name.
        names: A name for each row.
    """

    of: str
    names: Sequence[str]


Axes = tuple[Names | None, ...]
"""Names along the first axes of a weight; None for an axis that stands for the same things in every model."""

VOCABULARIES = ("word", "character", "byte", "subword")
"""What the tokens that a model reads can be."""


def take(target: Task[Any], source: Task[Any]) -> dict[str, str]:
    """Puts the weights of a trained model into a new one, as far as they have a place there.

    A weight is matched by its name, or where the other application calls it something else, by what its rows stand
    for. Rows are matched by their names; those of a vocabulary that are new begin at the mean of those taken.

    Args:
        target: The new model, built.
        source: The trained one.

    Returns:
        For each weight of the new model what was taken of it: ``whole``, ``new``, or ``120 of 150 words``.

    Raises:
        UserError: A stack of the two does not fit, their vocabularies are of two kinds, or nothing fits.
    """
    if not any(True for _ in target.parameters()) or not any(True for _ in source.parameters()):
        one, what = (target, "it") if not any(True for _ in target.parameters()) else (source, "the run")
        raise UserError(
            f"{type(one).__name__} is counted, and not trained: {what} has no weights to take further", where="--from"
        )
    _check_vocabularies(target, source)
    _check_stacks(target, source)
    here, there = _axes(target, source), _axes(source, target)
    weights = source.state_dict()
    taken = {}
    with torch.no_grad():
        for name, parameter in target.named_parameters():
            axes = here.get(name, ())
            found = _counterpart(name, axes, weights, there)
            taken[name] = NEW if found is None else _copy(parameter, weights[found], axes, there.get(found, ()))
            if taken[name] == NEW and found is not None and (_in_stack(name, target) or _is_vocabulary(axes)):
                raise _other_size(name, parameter, weights[found])
        if type(target) is type(source):
            for name, buffer in target.named_buffers():
                if name in weights and weights[name].shape == buffer.shape:
                    buffer.copy_(weights[name])
    if all(what == NEW for what in taken.values()):
        raise UserError(
            f"a {type(source).__name__} of {source.application} has no weight that a {type(target).__name__} of"
            f" {target.application} could begin from",
            where="--from",
            hint="both need the same cell and sizes, or a vocabulary of the same kind",
        )
    return taken


def summary(taken: Mapping[str, str]) -> list[str]:
    """Lines for people: the weights that have the same said of them together, under the module that they lie in.

    Args:
        taken: What `take` gives.
    """
    parts: dict[str, dict[str, None]] = {}
    for name, what in taken.items():
        parts.setdefault(name.partition(".")[0], {})[what] = None
    lines = []
    for part, said in parts.items():
        if len(said) > 1:
            lines += [f"{name}: {what}" for name, what in taken.items() if name.partition(".")[0] == part]
        else:
            lines.append(f"{part}: {next(iter(said))}")
    return lines


def layer_groups(model: nn.Module) -> list[list[str]]:
    """Names of all parameters in groups from the input to the output: each layer of a stack is one.

    The modules of a model stand in the order in which it makes them, which is that in which it reads.

    Args:
        model: The model.
    """
    groups: list[list[str]] = []
    known = {name for name, _ in model.named_parameters()}

    def add(names: Iterable[str]) -> None:
        if group := [name for name in names if name in known]:
            groups.append(group)

    def walk(module: nn.Module, prefix: str) -> None:
        add(f"{prefix}{name}" for name, _ in module.named_parameters(recurse=False))
        for name, child in module.named_children():
            path = f"{prefix}{name}."
            if isinstance(child, Backbone):
                for depth in range(len(child.layers)):
                    inside = tuple(f"{path}{part}.{depth}." for part in ("layers", "norms", "links"))
                    add(one for one in sorted(known) if one.startswith(inside))
                add(one for one in sorted(known) if one.startswith(f"{path}learned."))
            elif any(isinstance(part, Backbone) for part in child.modules()):
                walk(child, path)
            else:
                add(one for one in sorted(known) if one.startswith(path))

    walk(model, "")
    return groups


def _axes(one: Task[Any], other: Task[Any]) -> Mapping[str, Axes]:
    found = one.named_axes()
    if found is not None:
        return found
    if one.spec == other.spec and type(one) is type(other):
        return {}
    raise UserError(
        f"nobody says what the weights of a {type(one).__name__} stand for, so it only begins from a run of the same"
        " model on data of the same description",
        where="--from",
        hint="an application says it by Task.named_axes",
    )


def vocabulary(model: Task[Any]) -> dict[str, Sequence[str]]:
    """The tokens that a model reads, by what they are: ``word``; empty where it reads none.

    Args:
        model: The model, built.
    """
    axes = model.named_axes() or {}
    return {found[0].of: found[0].names for found in axes.values() if found and found[0] and _is_vocabulary(found)}


def _is_vocabulary(axes: Axes) -> bool:
    return bool(axes) and axes[0] is not None and axes[0].of in VOCABULARIES


def _check_vocabularies(target: Task[Any], source: Task[Any]) -> None:
    here, there = (next(iter(vocabulary(model)), None) for model in (target, source))
    if here != there:
        what = [f"{kind}s" if kind else "no tokens" for kind in (there, here)]
        raise UserError(
            f"the run reads {what[0]}, this model reads {what[1]}",
            where="--from",
            hint="give both the same kind: --data.level and --data.unit say what a token is",
        )
    if here is None and target.application != source.application:
        raise UserError(
            f"a run of {source.application} has nothing that a model of {target.application} could begin from",
            where="--from",
            hint="name a run of the same application; between two, both have to read tokens of the same kind",
        )


def _check_stacks(target: Task[Any], source: Task[Any]) -> None:
    """Refuses a stack of another cell: its weights might fit by chance."""
    theirs = {name: part for name, part in source.named_modules() if isinstance(part, Backbone)}
    for name, stack in target.named_modules():
        if isinstance(stack, Backbone) and name in theirs and _kinds(stack) != _kinds(theirs[name]):
            raise UserError(
                f"the run's cells are {theirs[name].cell_name}, this model's {stack.cell_name}",
                where="--from",
                hint=f"--model.{name}.cell {theirs[name].cell_name}",
            )


def _kinds(stack: Backbone) -> list[str]:
    """The kind of cell of a stack, with what is wrapped in it."""
    return [type(part).__qualname__ for part in stack.cells[0][0].modules()]


def _in_stack(name: str, model: nn.Module) -> bool:
    return any(name.startswith(f"{path}.") for path, part in model.named_modules() if isinstance(part, Backbone))


def _counterpart(name: str, axes: Axes, weights: Mapping[str, Tensor], theirs: Mapping[str, Axes]) -> str | None:
    """The weight that stands for the same: of the same name, or the only one with the same names along its axes."""
    kinds = _kinds_of(axes)
    if name in weights and _kinds_of(theirs.get(name, ())) == kinds:
        return name
    alike = [other for other, found in theirs.items() if kinds and _kinds_of(found) == kinds and other in weights]
    return alike[0] if len(alike) == 1 else None


def _kinds_of(axes: Axes) -> tuple[str | None, ...]:
    return tuple(None if one is None else one.of for one in axes)


def _copy(parameter: Tensor, weight: Tensor, here: Axes, there: Axes) -> str:
    """Takes what has a place, and says what that was."""
    named = len(here)
    if parameter.shape[named:] != weight.shape[named:] or parameter.dim() != weight.dim():
        return NEW
    mine: list[list[int]] = []
    theirs: list[list[int]] = []
    for axis, (one, other) in enumerate(zip(here, there, strict=True)):
        if one is None or other is None:
            if parameter.shape[axis] != weight.shape[axis]:
                return NEW
            mine.append(list(range(parameter.shape[axis])))
            theirs.append(mine[-1])
            continue
        at = {name: place for place, name in enumerate(other.names)}
        both = [(place, at[name]) for place, name in enumerate(one.names) if name in at]
        if not both:
            return NEW
        mine.append([place for place, _ in both])
        theirs.append([place for _, place in both])
    if not named:
        parameter.copy_(weight)
        return WHOLE
    to = torch.meshgrid(*(torch.tensor(places) for places in mine), indexing="ij")
    origin = torch.meshgrid(*(torch.tensor(places) for places in theirs), indexing="ij")
    parameter[to] = weight[origin].to(parameter)
    rows = here[0]
    if rows is None or len(mine[0]) == len(rows.names):
        return WHOLE
    if _is_vocabulary(here):
        new = torch.ones(len(rows.names), dtype=torch.bool)
        new[mine[0]] = False
        parameter[new] = weight[theirs[0]].mean(0).to(parameter)
    plural = f"{rows.of}es" if rows.of.endswith("s") else f"{rows.of}s"
    return f"{len(mine[0]):,} of {len(rows.names):,} {plural}"


def _other_size(name: str, parameter: Tensor, weight: Tensor) -> UserError:
    return UserError(
        f"{name} is {tuple(weight.shape)} in the run, {tuple(parameter.shape)} in this model",
        where="--from",
        hint="give both the same widths: the run's config.yaml has them",
    )
