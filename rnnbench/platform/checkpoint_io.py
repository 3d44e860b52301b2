"""Reading and writing checkpoint files: whole or not at all, and no unpickling."""

from __future__ import annotations

import errno
import os
import pickle
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from rnnbench.errors import UserError


class SafeCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoint files, written to a temporary file and renamed, read with ``weights_only=True``."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Writes a checkpoint; where that fails, the file that was there before is untouched.

        Raises:
            UserError: The file cannot be written, for instance because the disk is full.
        """
        path = Path(path)
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False
            ) as file:
                temporary = Path(file.name)
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            # The one before goes only when the new one is whole.
            damage = _damage(temporary)
            if damage:
                raise OSError(errno.EIO, f"what was written reads back otherwise: {damage}")
            temporary.replace(path)
        except (OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else _disk_error(error)
            if reason is None:
                raise
            kept = "the one before is kept" if path.exists() else "there was none before"
            raise UserError(
                f"the checkpoint cannot be written ({reason}); {kept}", where=path, hint="make room, then --resume"
            ) from error
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def load_checkpoint(
        self, path: Any, map_location: Any | None = lambda storage, loc: storage, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Reads a checkpoint; see `load_checkpoint`."""
        return load_checkpoint(path, map_location=map_location)


def load_checkpoint(path: str | Path, map_location: Any | None = "cpu") -> dict[str, Any]:
    """Reads a checkpoint of tensors and plain values.

    Args:
        path: The file.
        map_location: Where tensors go, as in `torch.load`.

    Raises:
        UserError: There is no such file, it is damaged, it is no checkpoint, or reading it would run code from it.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            beginning = file.read(4)
    except FileNotFoundError:
        raise UserError("there is no such checkpoint", where=path) from None
    except (OSError, ValueError) as error:
        raise UserError(f"this checkpoint cannot be read: {getattr(error, 'strerror', error)}", where=path) from None
    if not beginning.startswith((b"PK", b"\x80")):
        raise UserError("this is no checkpoint", where=path, hint="name a file that rnnbench fit wrote")
    damage = _damage(path) if beginning.startswith(b"PK") else None
    if damage:
        raise UserError(f"this checkpoint is damaged: {damage}", where=path, hint=_DAMAGED)
    try:
        checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError:
        raise UserError(
            "this checkpoint holds more than tensors and plain values; loading it could run code, so it is refused",
            where=path,
            hint="convert it where you trust it, to a file that torch.load(..., weights_only=True) reads",
        ) from None
    # Whatever bytes there are, and whatever torch makes of them: the file is at fault.
    except Exception as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"this checkpoint is damaged: {what}", where=path, hint=_DAMAGED) from None
    _check_parts(checkpoint, path)
    return checkpoint


_DAMAGED = "use another one of the run, or train anew"
_PARTS = {"spec": "data spec", "state_dict": "weights", "pytorch-lightning_version": "version of Lightning"}


def _check_parts(checkpoint: Any, path: Path) -> None:
    """Sees to it that what every checkpoint of ours has is there."""
    if not isinstance(checkpoint, dict):
        raise UserError(f"this is no checkpoint: it holds a {type(checkpoint).__name__}", where=path)
    for part, words in _PARTS.items():
        if part not in checkpoint:
            raise UserError(
                f"this checkpoint was not written by rnnbench: it has no {words}",
                where=path,
                hint="name a file that rnnbench fit wrote",
            )


def check_resumable(checkpoint: dict[str, Any], path: str | Path) -> None:
    """Sees to it that a training can go on from a checkpoint.

    Args:
        checkpoint: What is in it.
        path: The file, for the error.

    Raises:
        UserError: It holds the weights alone.
    """
    if not {"optimizer_states", "lr_schedulers", "loops"} <= checkpoint.keys():
        raise UserError(
            "this checkpoint holds weights to use and no training to go on with",
            where=path,
            hint="go on with the last checkpoint of a run: --resume RUN",
        )


def refuse_weights(error: RuntimeError, path: str | Path) -> None:
    """Says in a line that the weights of a checkpoint are those of another model; any other error is let be.

    Args:
        error: What loading them raised.
        path: The checkpoint.

    Raises:
        UserError: They are.
    """
    first, *lines = str(error).splitlines()
    if first.startswith("Error(s) in loading state_dict"):
        raise UserError(
            f"these are weights of another model: {lines[0].strip() if lines else first}",
            where=path,
            hint="use the configuration that the checkpoint was trained with",
        ) from None


def _damage(path: Path) -> str | None:
    """What is wrong with the archive that a checkpoint is: every part has a checksum, which torch does not look at."""
    try:
        with zipfile.ZipFile(path) as archive:
            part = archive.testzip()
    except Exception as error:
        return str(error) or type(error).__name__
    return f"the checksum of {part} is wrong" if part else None


def _disk_error(error: RuntimeError) -> str | None:
    """What the disk said, where torch's writer hides it behind an error of its own; None for any other error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    if "PytorchStreamWriter" in str(error):
        return "writing failed, most likely for want of disk space"
    return None
