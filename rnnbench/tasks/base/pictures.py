"""Pictures of what a model does, in the run folder and in W&B."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import WandbLogger

from rnnbench.errors import UserError
from rnnbench.safe_files import new_file, replace_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

FILMS = {".gif": "GIF", ".webp": "WEBP"}
"""Extensions of films, and Pillow's names of their formats."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of matplotlib of so many inches, whose parts find their places."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def new_picture(name: str) -> Path:
    """The type of an option that names a figure to write: what cannot be written is told before the work, not after it.

    Args:
        name: The path as a user wrote it.

    Raises:
        UserError: There is no such format, or as `rnnbench.safe_files.new_file` says.
    """
    path = new_file(name)
    _format_of(path)
    return path


def new_picture_or_film(name: str) -> Path:
    """As `new_picture`, for what can be a film as well."""
    return new_file(name) if Path(name).suffix.lower() in FILMS else new_picture(name)


def save_figure(figure: Figure, path: Path, dpi: int) -> None:
    """Writes a figure of matplotlib, the same bytes whenever it is the same.

    Args:
        figure: The figure.
        path: Where; the extension says in which format, such as ``.png``.
        dpi: Dots an inch, where the format has such.

    Raises:
        UserError: There is no such format.
    """
    kind = _format_of(path)
    picture = io.BytesIO()
    figure.savefig(picture, format=kind, dpi=dpi, metadata={"Software": None} if kind == "png" else None)
    replace_bytes(path, picture.getvalue())


def _format_of(path: Path) -> str:
    """The name that matplotlib has for the format of a picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    formats = FigureCanvasAgg.get_supported_filetypes()
    kind = path.suffix[1:].lower()
    if kind not in formats:
        raise UserError(
            f"a picture cannot be written as {path.suffix or 'a file without extension'}",
            where=path,
            hint=f"can be written: {', '.join(sorted(formats))}",
        )
    return kind


def save_film(frames: Sequence[Image], times: Sequence[int], path: Path) -> None:
    """Writes images as a film that begins anew at its end.

    Args:
        frames: The images, at least one.
        times: Milliseconds of each.
        path: Where, with one of the extensions of `FILMS`.
    """
    film = io.BytesIO()
    kind = FILMS[path.suffix.lower()]
    frames[0].save(film, format=kind, save_all=True, append_images=frames[1:], duration=list(times), loop=0)
    replace_bytes(path, film.getvalue())


def record_picture(trainer: Trainer, name: str) -> None:
    """Shows a picture of the run folder in W&B where that is the logger.

    Args:
        trainer: The trainer.
        name: File name of the picture.
    """
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            logger.log_image(Path(name).stem, [str(Path(trainer.default_root_dir, name))])


def best_median_worst(scores: Sequence[float], count: int) -> list[tuple[str, list[int]]]:
    """Numbers of the items with the best, middle and worst scores, best first; none stands in two groups.

    Args:
        scores: The scores.
        count: Most items of a group.
    """
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    count = min(count, -(-len(order) // 3))
    middle = (len(order) - count) // 2
    parts = {"best": order[:count], "median": order[middle : middle + count], "worst": order[-count:]}
    taken: set[int] = set()
    found = []
    for name, numbers in parts.items():
        found.append((name, [i for i in numbers if i not in taken]))
        taken.update(numbers)
    return [(name, numbers) for name, numbers in found if numbers]
