"""A study of fake runs: its file, and how it is conducted."""

import io
from pathlib import Path

from rich.console import Console

from rnnbench.study.conduct import conduct, locked
from rnnbench.study.file import Study
from rnnbench.study.launch import Perform
from rnnbench.study.local import Local

FILE = """
seeds: [1, 2]
budget: {parameters: 65000}
cells: [cells/lstm, Elman]
applications:
  text_generation/char_lstm:
    baselines: [text_generation/char_unigram]
  sentiment/builtin:
"""
ONE = FILE.partition("  sentiment")[0]
"""The same with one application: five runs."""
TUNED = """
tuning:
  fraction: 0.5
  seeds: [7]
  grid: {model.optimizer.lr: [0.001, 0.004]}
"""


class Conducted:
    """What came of it, and what was printed."""

    def __init__(self, ended, printed: str):
        self.failures, self.comparison, self.printed = ended.failures, ended.comparison, printed

    @property
    def started(self) -> list[str]:
        return [line.rpartition("started ")[2] for line in self.printed.splitlines() if "] started " in line]


def conducted(study: Study, folder: Path, workers: int = 2, retry: bool = False) -> Conducted:
    console = Console(file=io.StringIO(), width=200)
    with locked(folder, console) as lock:
        launchers = [Local(Perform("fake_runs", name), folder, lock, workers) for name in ("perform", "look_at")]
        ended = conduct(study, folder, *launchers, console, retry)
    return Conducted(ended, console.file.getvalue())
