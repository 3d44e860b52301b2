"""Folders of recordings with their transcripts, in the layouts that are in use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rnnbench.data.audio.recording import AUDIO_SUFFIXES
from rnnbench.data.cards import UserFiles, load_origin, names_card
from rnnbench.data.formats.columns import COLUMN_READERS
from rnnbench.data.formats.records import read_json
from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.sources.folder import split_of
from rnnbench.errors import UserError, did_you_mean
from rnnbench.reading import entries, read_file, reading, real_path, user_path

_MANIFESTS = (".tsv", ".csv", ".jsonl", ".json")
_AUDIO_COLUMNS = ("audio_filepath", "path", "audio", "file")
_SPEAKER_COLUMNS = ("speaker", "speaker_id", "client_id")
_SHOWN = 10
# A year: a number that is more was meant as something else.
_MOST_SECONDS = 31_536_000


class Recordings(Source):
    """A folder of recordings and transcripts.

    Each split is one of these, found by its name (``train-clean-100`` is train, ``dev`` is validation):

    - a table, ``train.tsv`` or ``train.csv``, with a column ``path`` and one of text;
    - a manifest of NeMo, ``train.jsonl`` or ``train_manifest.json``: a JSON object a line with ``audio_filepath``,
      ``text``, and for a part of a file ``offset`` and ``duration``;
    - a sub-folder with ``wav.scp`` and ``text``, and perhaps ``utt2spk`` and ``segments``, as Kaldi has it;
    - a sub-folder of LibriSpeech, with ``*.trans.txt`` beside the recordings of each chapter;
    - a sub-folder with such a table or manifest in it.

    Paths are relative to the file that names them, or to the folder ``clips`` beside it, as in Common Voice.

    Args:
        path: The folder.
        column: Column that holds the transcript, such as ``sentence`` in Common Voice.
        splits: File or sub-folder of each split, where names do not tell, such as ``{train: train-clean-100,
            validation: dev-clean, test: test-clean}``.
        card: Name of the data card that describes it; ``none`` for none.
    """

    def __init__(
        self, path: str, column: str = "text", splits: dict[str, str] | None = None, card: str | None = None
    ) -> None:
        self.path = user_path(path, "--data.source.path")
        self.column = column
        self.splits = splits or {}
        for name in self.splits:
            if name not in SPLITS:
                raise UserError(
                    f"there is no split {name!r}", where="--data.source.splits", hint=did_you_mean(name, SPLITS)
                )
        self.origin: UserFiles | None = None
        self.dataset = real_path(self.path).name
        if names_card(card):
            found, self.origin = load_origin(card, UserFiles)
            self.dataset = found.name
        self._places: dict[Split, list[str]] = {}

    def rows(self, split: Split) -> list[Row]:
        """A row for each recording: ``audio`` with its ``path``, ``text``, and ``speaker`` where it is known.

        Args:
            split: The split.

        Raises:
            UserError: The split is missing or empty, a file breaks its format, or recordings are missing; all missing
                ones are counted, and the first ones named.
        """
        found = [(where, row) for where, row in self._read(self._place_of(split))]
        if not found:
            raise UserError(f"the {split} split is empty", where=self._place_of(split))
        missing = [row["audio"]["path"] for _, row in found if not Path(row["audio"]["path"]).is_file()]
        if missing:
            named = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
            raise UserError(
                f"{len(missing):,} of {len(found):,} recordings of {split} are not there: {named}",
                where=self._place_of(split),
            )
        self._places[split] = [where for where, _ in found]
        return [row for _, row in found]

    def place(self, split: Split, number: int) -> str:
        """File and line of a row.

        Args:
            split: The split.
            number: Number of the row in it, from 0.
        """
        return self._places[split][number] if split in self._places else super().place(split, number)

    def _place_of(self, split: Split) -> Path:
        """File or folder of a split."""
        if not self.path.is_dir():
            raise UserError(
                "there is no such folder",
                where=f"--data.source.path {self.path}",
                hint=None if self.origin is None else f"get it here: {self.origin.get}",
            )
        if split in self.splits:
            place = self.path / self.splits[split]
            if not place.exists():
                raise UserError("there is no such file or folder", where=f"--data.source.splits, {split}: {place}")
            return place
        visible = entries(self.path)
        readable = [path for path in visible if path.is_dir() or path.suffix.lower() in _MANIFESTS]
        found = [path for path in readable if split_of(path.name if path.is_dir() else path.stem) == split]
        if len(found) != 1:
            names = ", ".join(path.name for path in found or visible) or "nothing"
            problem = "more than one could be" if found else "there is no split"
            raise UserError(
                f"{problem} {split}: {names}",
                where=self.path,
                hint=f"--data.source.splits '{{{split}: NAME, ...}}' names the file or sub-folder of each split",
            )
        return found[0]

    def _read(self, place: Path) -> list[tuple[str, Row]]:
        if place.is_file():
            return self._read_manifest(place)
        if (place / "wav.scp").is_file():
            return _read_kaldi(place)
        transcripts = sorted(place.rglob("*.trans.txt"))
        if transcripts:
            return [row for path in transcripts for row in _read_librispeech(path)]
        manifests = [path for path in entries(place) if path.suffix.lower() in _MANIFESTS]
        if len(manifests) == 1:
            return self._read_manifest(manifests[0])
        raise UserError(
            "there is no transcript in it",
            where=place,
            hint="a table or manifest (.tsv, .csv, .jsonl), wav.scp and text, or *.trans.txt",
        )

    def _read_manifest(self, path: Path) -> list[tuple[str, Row]]:
        kind = path.suffix.lower()
        if kind in (".json", ".jsonl"):
            records = read_json(read_file(path), path)
        else:
            records = COLUMN_READERS[kind](read_file(path), path, None)
        rows = []
        for number, record in enumerate(records, start=1):
            where = f"{path}, record {number}"
            audio = _of(record, _AUDIO_COLUMNS)
            text = record.get(self.column)
            if not isinstance(audio, str) or not isinstance(text, str):
                raise UserError(
                    f"a path and a text are needed; there are: {', '.join(record)}",
                    where=where,
                    hint=f"the path is called {' or '.join(_AUDIO_COLUMNS)}; --data.source.column names the text;"
                    f" {did_you_mean(self.column, record)}",
                )
            file: Row = {"path": str(_beside(path, audio))}
            if "offset" in record:
                file |= {"start": _seconds(record, "offset", where), "seconds": _seconds(record, "duration", where)}
            row: Row = {"audio": file, "text": text}
            speaker = _of(record, _SPEAKER_COLUMNS)
            rows.append((where, row if speaker is None else {**row, "speaker": str(speaker)}))
        return rows


def _of(record: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((record[name] for name in names if name in record), None)


def _seconds(record: dict[str, Any], name: str, where: str) -> float | None:
    value = record.get(name)
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST_SECONDS
    if value is not None and not good:
        raise UserError(f"{name} must be a number of seconds, found {str(value)[:40]}", where=where)
    return None if value is None else float(value)


def _beside(manifest: Path, name: str) -> Path:
    """A path that a manifest names."""
    path = Path(name)
    if path.is_absolute():
        return path
    clip = manifest.parent / "clips" / path
    return clip if not (manifest.parent / path).exists() and clip.exists() else manifest.parent / path


def _read_kaldi(folder: Path) -> list[tuple[str, Row]]:
    recordings = _table(folder / "wav.scp")
    transcripts = _table(folder / "text")
    speakers = _table(folder / "utt2spk") if (folder / "utt2spk").is_file() else {}
    segments = _table(folder / "segments") if (folder / "segments").is_file() else None
    rows = []
    for name, (where, text) in transcripts.items():
        recording, part = name, {}
        if segments is not None:
            recording, start, end = _fields(segments, name, where, 3)
            with reading(segments[name][0], "start and end must be seconds"):
                first, last = float(start), float(end)
            if not 0 <= first < last <= _MOST_SECONDS:
                raise UserError(f"no part of a recording: {start} to {end} s", where=segments[name][0])
            part = {"start": first, "seconds": last - first}
        if recording not in recordings:
            raise UserError(f"there is no recording {recording!r} in wav.scp", where=where)
        path = recordings[recording][1]
        if path.endswith("|"):
            raise UserError(
                "the recording is a command, and commands are not run",
                where=recordings[recording][0],
                hint="write the recordings to files first: wav-copy scp:wav.scp ...",
            )
        # Kaldi's own paths are relative to the folder that its scripts run in, which is above data/train.
        above = next((base for base in (folder, *folder.parents) if (base / path).is_file()), folder)
        row: Row = {"audio": {"path": str(above / path), **part}, "text": text}
        rows.append((where, {**row, "speaker": speakers[name][1]} if name in speakers else row))
    return rows


def _fields(table: dict[str, tuple[str, str]], name: str, where: str, count: int) -> list[str]:
    if name not in table:
        raise UserError(f"there is no segment {name!r}", where=where)
    place, rest = table[name]
    fields = rest.split()
    if len(fields) != count:
        raise UserError(f"{count + 1} fields are needed, found {len(fields) + 1}", where=place)
    return fields


def _read_librispeech(path: Path) -> list[tuple[str, Row]]:
    rows = []
    for name, (where, text) in _table(path).items():
        found = [path.with_name(name + suffix) for suffix in (".flac", *AUDIO_SUFFIXES)]
        audio = next((one for one in found if one.is_file()), found[0])
        # <speaker>/<chapter>/<speaker>-<chapter>-<number>.flac
        rows.append((where, {"audio": {"path": str(audio)}, "text": text, "speaker": name.partition("-")[0]}))
    return rows


def _table(path: Path) -> dict[str, tuple[str, str]]:
    """Lines of a name and what belongs to it: name -> (place, the rest)."""
    if not path.is_file():
        raise UserError("there is no such file", where=path)
    table: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(split_lines(decode(read_file(path), path)), start=1):
        name, *rest = line.strip().split(maxsplit=1) or [""]
        if not name:
            continue
        if name in table:
            raise UserError(f"{name!r} stands there twice", where=f"{path}, line {number}")
        table[name] = (f"{path}, line {number}", rest[0] if rest else "")
    return table
