"""The boards as a workspace and a report of ``wandb-workspaces``; W&B is asked only when these are saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rnnbench.dashboard.boards import CELL, Board, Panel

if TYPE_CHECKING:
    import wandb_workspaces.reports.v2 as reports
    import wandb_workspaces.workspaces as workspaces

TITLE = "rnnbench"
_COLUMNS = 3
# W&B lays panels out on a grid of 24 columns.
_WIDE, _HIGH = 24 // _COLUMNS, 7


def workspace(entity: str, project: str, boards: Sequence[Board]) -> workspaces.Workspace:
    """The project's workspace: a section for each application.

    Args:
        entity: User or team.
        project: The project.
        boards: What to show.
    """
    import wandb_workspaces.workspaces as ws

    return ws.Workspace(
        entity=entity,
        project=project,
        name=TITLE,
        sections=[
            ws.Section(
                name=board.title,
                panels=[_panel(panel) for panel in board.panels],
                is_open=True,
                layout_settings=ws.SectionLayoutSettings(columns=_COLUMNS, rows=-(-len(board.panels) // _COLUMNS)),
            )
            for board in boards
        ],
        settings=ws.WorkspaceSettings(max_runs=100),
        runset_settings=ws.RunsetSettings(groupby=[ws.Metric("Group"), ws.Config(CELL)]),
    )


def report(entity: str, project: str, boards: Sequence[Board]) -> reports.Report:
    """The project's report: for each application its panels, over its own runs.

    Args:
        entity: User or team.
        project: The project.
        boards: What to show.
    """
    import wandb_workspaces.reports.v2 as wr
    from wandb_workspaces import expr

    blocks: list[Any] = [
        wr.P("Runs of rnnbench, task by task. Lines and bars join runs of one cell: mean and deviation."),
        wr.TableOfContents(),
    ]
    for board in boards:
        # Without a project of its own: one that is named is looked up at once.
        runs = wr.Runset(name=board.title, filters=expr.And(expr.Metric("Group") == board.application))
        blocks += [
            wr.H2(board.title),
            wr.PanelGrid(runsets=[runs], panels=[_placed(panel, place) for place, panel in enumerate(board.panels)]),
        ]
    return wr.Report(
        entity=entity,
        project=project,
        title=TITLE,
        description="Written by `rnnbench dashboard`, and overwritten when it runs again.",
        blocks=blocks,
        width="fluid",
    )


def _placed(panel: Panel, place: int) -> Any:
    import wandb_workspaces.reports.v2 as wr

    made = _panel(panel)
    row, column = divmod(place, _COLUMNS)
    made.layout = wr.Layout(x=column * _WIDE, y=row * _HIGH, w=_WIDE, h=_HIGH)
    return made


def _panel(panel: Panel) -> Any:
    import wandb_workspaces.reports.v2 as wr

    if panel.kind == "curves":
        return wr.LinePlot(
            title=panel.title,
            x="trainer/global_step",
            y=list(panel.keys),
            groupby=wr.Config(CELL),
            groupby_aggfunc="mean",
            groupby_rangefunc="stddev",
        )
    if panel.kind == "bars":
        return wr.BarPlot(
            title=panel.title,
            metrics=list(panel.keys),
            groupby=wr.Config(CELL),
            groupby_aggfunc="mean",
            groupby_rangefunc="stddev",
        )
    if panel.kind == "parallel":
        options = [
            wr.ParallelCoordinatesPlotColumn(wr.Config(option), display_name=option.rpartition(".")[2])
            for option in panel.options
        ]
        goals = [wr.ParallelCoordinatesPlotColumn(wr.SummaryMetric(key)) for key in panel.keys]
        for goal in goals:
            goal.inverted = panel.lower_is_better
        return wr.ParallelCoordinatesPlot(title=panel.title, columns=[*options, *goals])
    return wr.MediaBrowser(title=panel.title, media_keys=list(panel.keys), num_columns=2)
