"""What an exception means: a mistake that the user can mend, told as such, or a fault of rnnbench."""

from __future__ import annotations

import errno
import inspect
import linecache
import re
import sys
import traceback
from collections.abc import Iterator

from rnnbench.cli.own_code import own_code
from rnnbench.errors import UserError

# Libraries that options are handed to. What they raise themselves, they say of what they were given.
_CHECKING = ("lightning", "torch.nn.modules", "torch.optim", "torch.utils.data", "torchmetrics")
_HINTS = {
    errno.ENOSPC: "make room, or write elsewhere",
    errno.EDQUOT: "make room, or write elsewhere",
    errno.EMFILE: "raise the limit: ulimit -n 4096",
    errno.ENAMETOOLONG: "take a shorter name",
}
# How torch says it, of the machine's memory and of sizes that no memory has.
_NO_MEMORY = re.compile(
    r"can't allocate memory|not enough memory|out of memory|(?:calculation|multiplication) overflow"
)
_LONGEST = 200


def told(error: BaseException) -> UserError | None:
    """The error that a user can mend behind an exception; None where it is a fault of rnnbench.

    Args:
        error: The exception; what it was raised from counts, too.
    """
    for one in _chain(error):
        if isinstance(one, UserError):
            return one
    place = own_code(error)
    if place is not None:
        problem = f"{type(error).__name__}: {_first_line(error)}"
        return UserError(problem, where=place, hint="this is your code; --debug shows how it got there")
    for one in _chain(error):
        found = _of_the_system(one) or _of_a_path(one) or _of_a_library(one)
        if found is not None:
            return found
    return None


def refusal(error: BaseException) -> UserError | None:
    """What a library says of an option that it was given; None for any other exception, as of a user's own callback.

    Args:
        error: The exception; what it was raised from counts, too.
    """
    return next((found for one in _chain(error) if (found := _of_a_library(one)) is not None), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_the_system(error: BaseException) -> UserError | None:
    """Files, devices and memory: what the machine refuses."""
    if isinstance(error, OSError) and error.errno is not None:
        # Only what was opened already has no name.
        where = "standard output, or a file" if error.filename is None else str(error.filename)[:_LONGEST]
        return UserError(error.strerror or "cannot be used", where=where, hint=_HINTS.get(error.errno))
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error))):
        return UserError("there is not enough memory", where="rnnbench", hint="lower sizes, the batch's or the model's")
    if isinstance(error, UnicodeEncodeError):
        missing = error.object[error.start]
        problem = f"{missing!r} cannot be written in {error.encoding}"
        return UserError(problem, where="standard output", hint="PYTHONIOENCODING=utf-8, or --output FILE")
    return None


def _of_a_path(error: BaseException) -> UserError | None:
    """Names that are no paths: ``~nobody/x``, and text with NUL."""
    text = str(error)
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, RuntimeError) and frames and frames[-1].f_code.co_name == "expanduser":
        name = str(frames[-1].f_locals.get("self", "~"))
        return UserError(f"there is no user {name.partition('/')[0].removeprefix('~')!r}", where=name[:_LONGEST])
    if isinstance(error, ValueError) and text.startswith("embedded null"):
        return UserError("a path cannot hold a NUL character", where="rnnbench")
    return None


def _of_a_library(error: BaseException) -> UserError | None:
    """What a library refuses by a ``raise`` of its own; an error that happens to it is no such refusal."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if not frames or not isinstance(error, Exception):
        return None
    frame, line = frames[-1]
    module = frame.f_globals.get("__name__", "")
    library = next((one for one in _CHECKING if module == one or module.startswith(f"{one}.")), None)
    if library is None or not linecache.getline(frame.f_code.co_filename, line).lstrip().startswith("raise "):
        return None
    if library.startswith("torch.nn") and frame.f_code.co_name != "__init__":  # of tensors, not of options
        return None
    return UserError(_first_line(error), where=_option(library, module, str(error)))


def _option(library: str, module: str, text: str) -> str:
    """The option that a library complains of, as far as can be told."""
    if library == "torch.nn.modules":
        return "--model"
    if library == "torch.utils.data":
        return "--data"
    if library == "torch.optim":
        return "--model.scheduler" if module.endswith("lr_scheduler") else "--model.optimizer"
    trainer = getattr(sys.modules.get("lightning.pytorch"), "Trainer", None)
    names = list(inspect.signature(trainer).parameters) if trainer is not None else []
    # A name of one word may be a word like any other.
    forms = {name: rf"\b{name}\b" if "_" in name else rf"[`']{name}[`']|\b{name}=" for name in names}
    named = [(match.start(), name) for name, form in forms.items() if (match := re.search(form, text))]
    return f"--trainer.{min(named)[1]}" if named else "--trainer"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip()[:_LONGEST] if lines else "no message"
