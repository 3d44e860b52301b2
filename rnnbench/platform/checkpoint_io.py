"""Reading and writing checkpoint files: whole or not at all, and no unpickling."""

from __future__ import annotations

import os
import pickle
import tempfile
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
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
                temporary = Path(file.name)
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
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
        UserError: There is no such file, it is damaged, or reading it would run code from it.
    """
    try:
        return torch.load(path, map_location=map_location, weights_only=True)
    except FileNotFoundError:
        raise UserError("there is no such checkpoint", where=path) from None
    except pickle.UnpicklingError:
        raise UserError(
            "this checkpoint holds more than tensors and plain values; loading it could run code, so it is refused",
            where=path,
            hint="convert it where you trust it, to a file that torch.load(..., weights_only=True) reads",
        ) from None
    except (RuntimeError, EOFError, OSError) as error:
        raise UserError(f"this checkpoint is damaged: {str(error).splitlines()[0]}", where=path) from None


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
