"""Folders of clips and a table of what holds in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rnnbench.data.cards import UserFiles, load_origin, names_card
from rnnbench.data.clips.labels import read_label_table
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.sources.contiguous import Fractions, check_fractions, part
from rnnbench.data.sources.folder import split_of
from rnnbench.errors import UserError
from rnnbench.reading import entries, real_path, user_path

_TABLES = ("labels.csv", "labels.tsv")
_FRACTIONS: Fractions = (0.8, 0.1, 0.1)


class LabelledClips(Source):
    """Clips in a folder, each a video file, an animation, or a folder of frames, and their labels in ``labels.csv``.

    The table has the columns ``clip`` (its path in the folder), ``from``, ``to`` and ``class``: frames are counted from
    0, and both ends belong to it; or ``clip``, ``frame`` and ``class``; or ``clip`` and ``class``, for one class a
    clip. Splits are sub-folders ``train``, ``validation`` and ``test`` with a table each; or a column ``split`` of a
    single table names them; or else its clips are cut into splits in their order.

    Args:
        path: The folder.
        fractions: Shares of train, validation and test, counted in clips, where nothing else says which they are.
        card: Name of the data card that describes them; ``none`` for none.
    """

    def __init__(self, path: str, fractions: Fractions = _FRACTIONS, card: str | None = None) -> None:
        check_fractions(fractions, where="--data.source.fractions")
        self.path = user_path(path, "--data.source.path")
        self.fractions: Fractions = fractions
        self.dataset = real_path(self.path).name
        if names_card(card):
            self.dataset = load_origin(card, UserFiles)[0].name
        self._splits: dict[Split, list[Row]] = {}

    def rows(self, split: Split) -> list[Row]:
        """A row for each clip: ``clip``, its path, and ``label`` or ``segments``.

        Args:
            split: The split.

        Raises:
            UserError: There is no such split, or the table breaks its form.
        """
        if not self._splits:
            self._splits = self._read()
        if not self._splits[split]:
            raise UserError(f"the {split} split is empty", where=self.path)
        return self._splits[split]

    def _read(self) -> dict[Split, list[Row]]:
        if not self.path.is_dir():
            raise UserError("there is no such folder", where=f"--data.source.path {self.path}")
        if (table := _table_in(self.path)) is None:
            return {split: self._folder(split) for split in SPLITS}
        clips = read_label_table(table)
        rows = {name: _row(self.path / name, fields) for name, fields in clips.items()}
        if not any("split" in fields for fields in clips.values()):
            return {split: list(rows.values())[part(len(rows), self.fractions, split)] for split in SPLITS}
        found: dict[Split, list[Row]] = {split: [] for split in SPLITS}
        for name, fields in clips.items():
            split = split_of(fields["split"])
            if split is None:
                raise UserError(f"{name} is in a split {fields['split']!r}", where=table, hint=", ".join(SPLITS))
            found[split].append(rows[name])
        return found

    def _folder(self, split: Split) -> list[Row]:
        folders = [one for one in entries(self.path) if one.is_dir() and split_of(one.name) == split]
        if len(folders) != 1:
            raise UserError(
                f"there is no {split} split",
                where=self.path,
                hint="labels.csv beside the clips, or a folder for each of train, validation and test with one",
            )
        table = _table_in(folders[0])
        if table is None:
            raise UserError("there are no labels in it", where=folders[0], hint="labels.csv: clip, from, to, class")
        return [_row(folders[0] / name, fields) for name, fields in read_label_table(table).items()]


def _table_in(folder: Path) -> Path | None:
    return next((folder / name for name in _TABLES if (folder / name).is_file()), None)


def _row(path: Path, fields: dict[str, Any]) -> Row:
    return {"clip": str(path), **{name: value for name, value in fields.items() if name != "split"}}
