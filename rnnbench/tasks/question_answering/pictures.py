"""Pictures of errors by task, and of where the hops of a model look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rnnbench.tasks.base.pictures import new_figure, save_figure
from rnnbench.tasks.question_answering.metrics import FAILED, TaskScore

BY_TASK = "by_task.png"
HOPS = "hops.png"
_BAR = "#0072b2"
_FAILED_BAR = "#d55e00"
_DPI = 110
# Wider sentences are cut: what the hops look at would become too small.
_LONGEST = 60


class Looked(NamedTuple):
    """A question and where each hop looks."""

    title: str
    story: Sequence[str]
    looks: Sequence[Sequence[float]]
    """For each hop, how much it looks at each sentence."""
    supporting: Sequence[int]


def draw_by_task(path: Path, scores: Sequence[TaskScore]) -> None:
    """Draws the error on each task and, of a model that looks at sentences, how often each hop finds a supporting one.

    Args:
        path: The file to write.
        scores: The scores, task by task.
    """
    hops = max(len(score.hops) for score in scores)
    height = 1.2 + 0.24 * len(scores)
    figure = new_figure(4.6 + (0.8 + 0.75 * hops if hops else 0), height)
    widths = [4, hops] if hops else [4]
    parts = figure.subplots(1, len(widths), squeeze=False, sharey=True, width_ratios=widths)[0]
    names, places = [score.task for score in scores], range(len(scores))
    errors = [100 * score.error for score in scores]
    axes = parts[0]
    axes.barh(places, errors, color=[_FAILED_BAR if one > 100 * FAILED else _BAR for one in errors], height=0.7)
    axes.axvline(100 * FAILED, color="0.3", linewidth=0.8, linestyle="--")
    for place, error in zip(places, errors, strict=True):
        # Where the line would run through the number.
        beside = max(error, 100 * FAILED)
        axes.text(beside + 1, place, f"{error:.1f}", va="center", fontsize=7)
    axes.set_yticks(places, names)
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.set_xlim(0, max(12.0, 1.12 * max(errors)))
    axes.set_xlabel("error, %", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    if hops:
        axes = parts[1]
        shares = [[100 * one for one in score.hops] or [math.nan] * hops for score in scores]
        axes.imshow(shares, aspect="auto", cmap="Blues", vmin=0, vmax=100)
        for place, row in enumerate(shares):
            for hop, share in enumerate(row):
                if not math.isnan(share):
                    ink = "white" if share > 60 else "black"
                    axes.text(hop, place, f"{share:.0f}", ha="center", va="center", fontsize=7, color=ink)
        axes.set_xticks(range(hops), [f"hop {hop + 1}" for hop in range(hops)])
        axes.set_title("looks at a supporting\nsentence, %", fontsize=8, loc="left")
        axes.tick_params(labelsize=8, left=False)
    save_figure(figure, path, dpi=_DPI)


def draw_hops(path: Path, questions: Sequence[Looked]) -> None:
    """Draws how much each hop looks at each sentence of some stories, the supporting ones marked.

    Args:
        path: The file to write.
        questions: What to draw, one below the other.
    """
    sizes = [len(one.story) for one in questions]
    hops = max(len(one.looks) for one in questions)
    figure = new_figure(5.2 + 0.55 * hops, 0.9 * len(questions) + 0.22 * sum(sizes))
    parts = figure.subplots(len(questions), 1, squeeze=False, height_ratios=sizes)[:, 0]
    for axes, one in zip(parts, questions, strict=True):
        axes.imshow(list(zip(*one.looks, strict=True)), aspect="auto", cmap="Blues", vmin=0, vmax=1)
        for hop, weights in enumerate(one.looks):
            for place, weight in enumerate(weights):
                if weight >= 0.005:
                    ink = "white" if weight > 0.6 else "black"
                    axes.text(hop, place, f"{weight:.2f}", ha="center", va="center", fontsize=7, color=ink)
        told = [f"{'▸ ' if place in one.supporting else ''}{_cut(text)}" for place, text in enumerate(one.story)]
        axes.set_yticks(range(len(told)), told, fontsize=8)
        axes.set_xticks(range(len(one.looks)), [f"hop {hop + 1}" for hop in range(len(one.looks))], fontsize=8)
        axes.set_title(one.title, fontsize=8, loc="right")
        axes.tick_params(length=0)
    save_figure(figure, path, dpi=_DPI)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
