"""The run that a training begins from: ``--from RUN``."""

from __future__ import annotations

from rnnbench.cli.trained import load_model
from rnnbench.hub import open_run
from rnnbench.platform.fine_tuning import Origin
from rnnbench.results.record import read_result


def origin_of(name: str) -> Origin:
    """A trained run, with its model.

    Args:
        name: Its folder, or ``hf:NAME``.

    Raises:
        UserError: There is no run, or it is not trained.
    """
    run = open_run(name, "--from")
    return Origin(name, load_model([run], None), read_result(run.result))
