"""``rnnbench check-task digits``: whether an application keeps the laws that the platform relies on."""

from __future__ import annotations

import argparse

from rnnbench.applications import load_application
from rnnbench.errors import UserError


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "check-task",
        help="check an application of your own against the laws of an application",
        description="Check an application against the laws that all of rnnbench relies on, on tiny trainings of it:"
        " about a minute.",
    )
    parser.add_argument("application", metavar="NAME", help="its name: that of its folder, which has a card.yaml")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints each law that holds; a broken one is the error."""
    name = arguments.application
    load_application(name)
    # torch only once there is such an application.
    from rnnbench.testing import LawBroken, task_laws_kept

    count = 0
    try:
        for law in task_laws_kept(name):
            print(f"  ok  {law}", flush=True)
            count += 1
    except LawBroken as error:
        raise UserError(
            str(error), where=f"{name} breaks a law", hint="see docs/add-an-application.md, and --debug"
        ) from error
    print(f"{name} keeps all {count} laws")
    return 0
