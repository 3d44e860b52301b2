"""The Python standard library as a text that every machine has."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from rnnbench.data.cards import Builtin, load_origin
from rnnbench.data.formats.text_file import decode
from rnnbench.data.source import Row, Source, Split
from rnnbench.errors import UserError
from rnnbench.reading import read_file


class StandardLibrary(Source):
    """Source code of this machine's own Python standard library, one module a row.

    The text differs between versions of Python, and the fingerprint of a result with it; the modules of each split
    stand on the card ``standard_library``.
    """

    def __init__(self) -> None:
        card, self._origin = load_origin("standard_library", Builtin)
        self.dataset = card.name

    def rows(self, split: Split) -> list[Row]:
        """The modules of a split, in the card's order.

        Args:
            split: The split.

        Raises:
            UserError: This Python comes without the source of a module.
        """
        folder = Path(sysconfig.get_paths()["stdlib"])
        rows = []
        for name in self._origin.modules[split]:
            path = folder / name
            if not path.is_file():
                raise UserError(
                    "this Python comes without the source of its standard library, or without a part of it",
                    where=path,
                    hint="use a full Python, or your own text: --data.source Files --data.source.path FILE_OR_FOLDER",
                )
            rows.append({"text": decode(read_file(path), path), "name": name})
        return rows
