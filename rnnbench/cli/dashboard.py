"""``rnnbench dashboard``: the workspace and the report of a W&B project."""

from __future__ import annotations

import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "dashboard",
        help="make the workspace and the report of a W&B project, or bring them up to date",
        description="Make a workspace and a report in a W&B project: for each application its curves, bars with "
        "deviations, parallel coordinates and pictures. What this verb made before is overwritten. Runs made offline "
        "are shown after `wandb sync`.",
    )
    parser.add_argument("--entity", required=True, metavar="NAME", help="user or team")
    parser.add_argument("--project", default="rnnbench", metavar="NAME", help="default: %(default)s")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Build both and send them."""
    from rnnbench.dashboard.boards import boards
    from rnnbench.dashboard.publish import publish
    from rnnbench.errors import UserError

    try:
        import wandb_workspaces  # noqa: F401 - asked for here, so that its absence is told before anything is done
    except ImportError:
        raise UserError(
            "the package wandb-workspaces is not installed",
            where="rnnbench dashboard",
            hint="pip install 'rnnbench[dashboard]'",
        ) from None
    from rnnbench.dashboard.objects import report, workspace

    shown = boards()
    for address in publish(workspace(args.entity, args.project, shown), report(args.entity, args.project, shown)):
        print(address)
    return 0
