"""``rnnbench check-cell my_cell.Mine``: whether a cell keeps the laws that the platform relies on."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rnnbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from rnnbench.cells import RNNCell


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
    cell_class = find_cell(arguments.cell)
    # torch only once the class is there.
    from rnnbench.engine import select_engine
    from rnnbench.testing import LawBroken, laws_kept

    count = 0
    try:
        for law in laws_kept(cell_class):
            print(f"  ok  {law}", flush=True)
            count += 1
    except LawBroken as error:
        raise UserError(str(error), where=f"{arguments.cell} breaks a law", hint="see rnnbench.cells.RNNCell") from None
    print(f"{arguments.cell} keeps all {count} laws and runs on the {select_engine(cell_class(8, 8)).name} engine")
    return 0


def find_cell(name: str) -> type[RNNCell]:
    """The class that a dotted path or the short name of a cell means.

    Args:
        name: ``module.Class``, or the name of one of rnnbench's own cells.

    Raises:
        UserError: There is no such module or class, or it is no cell.
    """
    import rnnbench.cells

    module_name, _, class_name = name.rpartition(".")
    if not module_name:
        module_name = "rnnbench.cells"
    # A console script does not see the working folder, where the user's cell lies.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there, and what it imports is not
        raise UserError(
            f"there is no module {error.name}", where=name, hint=f"run it in the folder of {module_name}.py"
        ) from None
    if class_name == "py":
        raise UserError("a file holds many names", where=name, hint=f"name the class in it, such as {module_name}.Mine")
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
    problem = f"{class_name} is no subclass of RNNCell" if found is not None else f"{module_name} has no {class_name}"
    raise UserError(problem, where=name, hint=did_you_mean(class_name, cells))
