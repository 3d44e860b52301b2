"""``rnnbench diagnose``: how far a network remembers, trained or not."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnnbench.cli.quiet import quiet
from rnnbench.diagnostics.files import FOLDER, STATES
from rnnbench.errors import UserError
from rnnbench.hub import open_run
from rnnbench.safe_files import read_text, replace_text


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the verb's own."""
    parser.add_argument("--run", metavar="RUN", help="the run folder of a trained network")
    parser.add_argument("--checkpoint", metavar="FILE", help="another checkpoint than the run's best")
    parser.add_argument(
        "--output", metavar="FOLDER", type=Path, help="write here (default: diagnosis/ in the run, or in this folder)"
    )
    parser.add_argument(
        "--text", metavar="FILE", type=Path, help="a text to read: states.html shows what each unit does over it"
    )
    parser.add_argument(
        "--sequences", metavar="N", type=int, default=32, help="sequences to look at (default: %(default)s)"
    )


def option_parser() -> argparse.ArgumentParser:
    """The parser of these options; what it does not know is for Lightning's."""
    parser = argparse.ArgumentParser(
        prog="rnnbench diagnose",
        description="Show how gradients flow back in time through each cell of a network: norms over lags beside what"
        " theory says, Lyapunov exponents, Jacobians, gates, half-lives of units, the bias of truncation.",
        epilog="Without --run the network is untrained: --config PRESET, and any option of fit, such as\n"
        "--model.backbone.cell GRU. With --run, options of the data may be given.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
    )
    add_options(parser)
    return parser


def diagnose(words: Sequence[str]) -> int:
    """Loads or makes a model, runs it over one batch of training, and writes what is found.

    Args:
        words: What follows ``diagnose``.

    Returns:
        The exit status.
    """
    quiet()
    parser = option_parser()
    try:
        own, rest = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise UserError(str(error), where="rnnbench diagnose", hint="see: rnnbench diagnose --help") from None
    if own.sequences < 1:
        raise UserError(f"must be at least 1, found {own.sequences}", where="--sequences")
    if own.checkpoint and not own.run:
        raise UserError("is one of a run", where="--checkpoint", hint="--run RUN")
    if not own.run and not any(word.startswith(("--config", "-c", "--model")) for word in rest):
        raise UserError(
            "there is no network to look at", where="rnnbench diagnose", hint="--run RUN, or --config PRESET"
        )
    run = open_run(own.run, "--run") if own.run else None
    checkpoint = None if run is None else Path(own.checkpoint) if own.checkpoint else run.checkpoint()
    if run is not None:
        rest = [f"--config={run.config}", f"--trainer.default_root_dir={run.path}", *rest]
    folder = own.output or (Path() if run is None else run.path) / FOLDER
    if folder.exists() and not folder.is_dir():
        raise UserError("this is no folder", where=folder, hint="--output FOLDER")
    text = None if own.text is None else read_text(own.text)
    if text is not None and not text.strip():
        raise UserError("there is no text in it", where=own.text)
    return _diagnose(list(rest), checkpoint, folder, own.sequences, text)


def _diagnose(words: list[str], checkpoint: Path | None, folder: Path, sequences: int, text: str | None) -> int:
    # Imported here: the help of the verb answers before torch is there.
    from rnnbench.cli.run_options import read_options
    from rnnbench.cli.training import import_all
    from rnnbench.cli.untrained import Untrained
    from rnnbench.diagnostics.diagnosis import diagnose as diagnose_cell
    from rnnbench.diagnostics.diagnosis import write
    from rnnbench.diagnostics.record import longest, watch
    from rnnbench.platform.checkpoint_io import load_checkpoint

    options = read_options("fit", words)
    import_all()
    loaded = None if checkpoint is None else load_checkpoint(checkpoint)
    untrained = Untrained(options)
    model, data = untrained.model, untrained.datamodule
    model.start_from(data)
    if loaded is not None:
        model.on_load_checkpoint(loaded)
        model.load_state_dict(loaded["state_dict"])
    model.eval()
    explored = None if text is None else _states(model, text)
    batch = next(iter(data.train_dataloader()))
    with watch(model) as recordings:
        loss = model.loss(batch)
        if loss is not None:
            loss.total.backward()
    cells = longest(recordings)
    if not cells:
        raise UserError(
            f"{type(model).__name__} has run no recurrent cell over its batch",
            where="rnnbench diagnose",
            hint="name a run or a preset of a recurrent network",
        )
    found = []
    for one in cells:
        found.append(diagnose_cell(one, sequences))
        print(line(found[-1]), flush=True)
    facts = {
        "application": model.application,
        "model": model.model_name(),
        "dataset": data.dataset,
        "checkpoint": None if checkpoint is None else str(checkpoint),
    }
    for path in write(folder, found, facts):
        print(path)
    if explored is not None:
        replace_text(folder / STATES, explored)
        print(folder / STATES)
    return 0


def _states(model: Any, text: str) -> str:
    """The page of what each unit does over a text."""
    import torch

    from rnnbench.diagnostics.record import longest, watch
    from rnnbench.diagnostics.states import MOST_TOKENS, page, states_of

    with watch(model) as recordings, torch.no_grad():
        pieces = model.read_text(text)
    if pieces is None:
        raise UserError(f"{type(model).__name__} reads no running text", where="--text", hint="leave it out")
    if len(pieces) > MOST_TOKENS:
        raise UserError(
            f"the page takes a text of at most {MOST_TOKENS:,} tokens, found {len(pieces):,}", where="--text"
        )
    cells = [states_of(f"{one.name} ({type(one.cell).__name__})", one.unroll()) for one in longest(recordings)]
    return page(f"{model.model_name()}: states over a text", pieces, cells)


def line(one: Any) -> str:
    """The leading numbers of a cell in one line."""
    curve = one.plain()["gradient"]
    parts = [f"{one.name}: {one.cell} {one.hidden_size}, {one.sequences} x {one.steps} steps"]
    growth, left = curve["growth_per_step"], curve["one_percent_left_at"]
    if growth is not None:
        parts.append(f"gradient x {growth:.3f} a step back")
    parts.append(f"1 % left at lag {left}" if left is not None else "more than 1 % left at the end")
    if one.gamma is not None:
        parts.append(f"linearised {one.gamma:.3f}")
    if one.exponent is not None:
        parts.append(f"exp of Lyapunov exponent {math.exp(one.exponent):.3f}")
    lives = one.half_lives()
    if lives:
        middle = lives[len(lives) // 2]
        parts.append(
            f"median half-life {middle:g} step{'' if middle == 1 else 's'}"
            if math.isfinite(middle)
            else "median half-life beyond them"
        )
    return "; ".join(parts)
