"""The one place that talks to W&B: it looks for what was written before, and writes over it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from rnnbench.dashboard.objects import TITLE
from rnnbench.errors import UserError

if TYPE_CHECKING:
    import wandb_workspaces.reports.v2 as reports
    import wandb_workspaces.workspaces as workspaces

# The name by which W&B finds a workspace again: as its address has it, and as it is stored.
_VIEW = "rnnbench000"
_STORED = f"nw-{_VIEW}-v"


def publish(workspace: workspaces.Workspace, report: reports.Report) -> list[str]:
    """Writes both to W&B, over those of an earlier time.

    Args:
        workspace: The workspace.
        report: The report.

    Returns:
        Their addresses.

    Raises:
        UserError: Nobody is logged in, or W&B does not answer or refuses.
    """
    import requests
    import wandb

    _check_login(wandb)
    try:
        api = wandb.Api(timeout=30)
        path = f"{report.entity}/{report.project}"
        before = [one for one in api.reports(path=path) if one.display_name == TITLE]
        if before:
            report.id = before[0].id
        _take_place(workspace)
        workspace.save()
        report.save()
    except (wandb.errors.Error, requests.RequestException, ValueError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"W&B does not take the dashboard: {first}",
            where=f"{report.entity}/{report.project}",
            hint="check --entity and --project, and that the project exists: sync a run into it first",
        ) from None
    return [workspace.url, report.url]


def _take_place(workspace: Any) -> None:
    """Gives a workspace the identity of the one that was written before, if there is one."""
    from wandb_workspaces.workspaces.internal import View

    # ValueError: there is none yet.
    with contextlib.suppress(ValueError):
        workspace._internal_id = View.from_name(workspace.entity, workspace.project, _STORED).id
    workspace._internal_name = _STORED


def _check_login(wandb: Any) -> None:
    mode = os.environ.get("WANDB_MODE", "")
    if mode in ("offline", "disabled", "dryrun"):
        raise UserError(
            f"W&B is {mode}, and a dashboard lies on its server",
            where="WANDB_MODE",
            hint="unset it; runs made offline get there by `wandb sync RUN/wandb/offline-run-*`",
        )
    try:
        known = bool(os.environ.get("WANDB_API_KEY") or wandb.Api().api_key)
    except wandb.errors.Error:
        known = False
    if not known:
        raise UserError(
            "nobody is logged in to W&B",
            where="rnnbench dashboard",
            hint="wandb login; without an account, `wandb leet RUN/wandb` shows a run in the terminal",
        )
