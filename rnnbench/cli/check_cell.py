"""``rnnbench check-cell my_cell.Mine``: whether a cell keeps the laws that the platform relies on."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from rnnbench.cli.own_code import own_code, see_working_folder
from rnnbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from rnnbench.cells import RNNCell


_EXAMPLE = "Mine of my_cell.py in this folder: my_cell.Mine"
_MANUAL = "what a cell has to be: python -m pydoc rnnbench.cells.base.RNNCell"


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "check-cell",
        help="check a cell of your own against the laws of a cell",
        description="Check a cell against the laws that all of rnnbench relies on, and say which engine runs it.",
    )
    parser.add_argument("cell", metavar="CLASS", help="Mine of my_cell.py: my_cell.Mine, or a known name: LSTM")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints each law that holds; a broken one is the error."""
    name = arguments.cell
    cell_class = find_cell(name)
    # torch only once the class is there.
    from rnnbench.engine.auto import fastest_engine
    from rnnbench.testing import LawBroken, laws_kept

    count = 0
    try:
        for law in laws_kept(cell_class):
            print(f"  ok  {law}", flush=True)
            count += 1
    except LawBroken as error:
        raise UserError(str(error), where=f"{name} breaks a law", hint=_MANUAL) from None
    except UserError:
        raise
    except Exception as error:
        problem = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
        raise UserError(problem, where=own_code(error) or f"{name} cannot be made and run", hint=_MANUAL) from error
    engine, refusals = fastest_engine(cell_class(8, 8))
    print(f"{name} keeps all {count} laws and runs on the {engine.name} engine{refusals}")
    return 0


def find_cell(name: str) -> type[RNNCell]:
    """The class that a dotted path or the short name of a cell means.

    Args:
        name: ``module.Class``, or the name of one of rnnbench's own cells.

    Raises:
        UserError: There is no such module or class, or it is no cell.
    """
    import rnnbench.cells

    module_name, _, class_name = name.removesuffix(".py").rpartition(".")
    if not all(part.isidentifier() for part in name.split(".")):
        raise UserError(f"{name} is no name of a class", where="rnnbench check-cell", hint=_EXAMPLE)
    if name.endswith(".py") or ".py." in name:
        file = name[: name.index(".py")]
        raise UserError("a file holds many names", where=name, hint=f"name the class in it, such as {file}.Mine")
    if not module_name:
        module_name = "rnnbench.cells"
    # A console script does not see the working folder, where the user's cell lies.
    see_working_folder()
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there, and what it imports is not
        raise UserError(
            f"there is no module {error.name}", where=name, hint=f"run it in the folder of {module_name}.py"
        ) from None
    found = getattr(module, class_name, None)
    if isinstance(found, type) and issubclass(found, rnnbench.cells.RNNCell):
        return found
    cells = [
        key
        for key, one in vars(module).items()
        if isinstance(one, type)
        and issubclass(one, rnnbench.cells.RNNCell)
        and one.__module__.startswith(module.__name__)
    ]
    if found is not None:
        hint = "derive it from rnnbench.cells.base.GatedCell, or from RNNCell there"
        raise UserError(f"{class_name} is no subclass of RNNCell", where=name, hint=hint)
    if Path(f"{module_name}.py").is_file() and Path(module.__file__ or "").parent != Path.cwd():
        raise UserError(
            f"{module_name} is a module of Python's already", where=name, hint="give your file another name"
        )
    hint = did_you_mean(class_name, cells) if "." in name else f"{did_you_mean(class_name, cells)}\n  {_EXAMPLE}"
    raise UserError(f"{module_name} has no {class_name}", where=name, hint=hint)
