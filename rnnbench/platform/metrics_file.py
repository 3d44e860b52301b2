"""``metrics.csv``: the curves of a run, whatever logger is or is not used."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from rnnbench.platform.accounting import Accounting
from rnnbench.platform.run_folder import RunFolder
from rnnbench.safe_files import check_folder, replace_text

_DIGITS = 18  # more steps than any training takes


class MetricsFile(Callback):
    """Appends a row every ``log_every_n_steps`` steps of training and after every validation.

    A row has the epoch, the number of optimizer steps done, the seconds that training took so far, without those of
    validation, and whatever was logged; a metric that is logged for the first time becomes a new column. A resumed run
    first drops the rows of steps that will be done again.

    Args:
        accounting: The callback that keeps the clock; it comes before this one.
    """

    def __init__(self, accounting: Accounting) -> None:
        self._accounting = accounting
        self._columns: list[str] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reads the curves of a run that goes on; what is damaged in them is told, and stops nothing."""
        path = _path(trainer)
        if not (trainer.is_global_zero and path.is_file()):
            return
        read = _read(path)
        if read is None:
            aside = path.with_name("metrics.damaged.csv")
            path.replace(aside)
            print(f"{path} is damaged and begun anew; what stood there is in {aside.name}", flush=True)
            return
        self._columns, rows = read
        steps = [_step(row) for row in rows]
        # A crash cuts the last row short.
        damaged = sum(step is None for step in steps[:-1])
        if damaged:
            print(f"{path}: {damaged:,} damaged rows are left out", flush=True)
        done = trainer.global_step
        self._rewrite(path, [row for row, step in zip(rows, steps, strict=True) if step is not None and step <= done])

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """A row of training."""
        if (batch_idx + 1) % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            values = _logged(trainer, "train/")
            if trainer.optimizers and trainer.optimizers[0].param_groups:  # a counting model has none
                values["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
            self._append(trainer, values)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A row of validation."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            self._append(trainer, _logged(trainer, "validation/"))

    def _append(self, trainer: Trainer, values: dict[str, float]) -> None:
        if not (trainer.is_global_zero and values):
            return
        path = _path(trainer)
        seconds = round(self._accounting.train_seconds, 3)
        row = {"epoch": trainer.current_epoch, "step": trainer.global_step, "seconds": seconds, **values}
        new = [name for name in row if name not in self._columns]
        check_folder(path.parent)
        if new or not path.is_file():
            _, rows = (_read(path) if path.is_file() else None) or ([], [])
            self._columns += new
            self._rewrite(path, [row for row in rows if _step(row) is not None])
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, self._columns, restval="", lineterminator="\n").writerow(row)

    def _rewrite(self, path: Path, rows: list[dict[str, Any]]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        replace_text(path, text.getvalue())


def _read(path: Path) -> tuple[list[str], list[dict[str, Any]]] | None:
    """Columns and rows; None of what is no table of steps."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns, rows = list(reader.fieldnames or []), list(reader)
    except (ValueError, csv.Error):
        return None
    return (columns, rows) if "step" in columns and len(set(columns)) == len(columns) else None


def _step(row: dict[str, Any]) -> int | None:
    """The step of a row; None of one that is damaged: with a cell too few or too many, or without a number."""
    if None in row or None in row.values() or not row["step"].isdecimal() or len(row["step"]) > _DIGITS:
        return None
    return int(row["step"])


def _logged(trainer: Trainer, prefix: str) -> dict[str, float]:
    return {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith(prefix)}


def _path(trainer: Trainer) -> Path:
    return RunFolder(Path(trainer.default_root_dir)).metrics
