"""Parallel text files: ``train.de`` and ``train.en``, of which every line translates the same line of the other."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.source import Row, Split
from rnnbench.data.sources.folder import split_of
from rnnbench.errors import UserError
from rnnbench.reading import entries, read_file

_LANGUAGE = re.compile(r"\.([a-z]{2,3}([-_][A-Za-z]{2,4})?)")
_NO_LANGUAGES = {".txt", ".csv", ".tsv", ".gz", ".bz2", ".xz", ".zip", ".md", ".py"}


def parallel_files(path: Path, split: Split | None, name: str | None = None) -> dict[str, Path]:
    """The files of parallel text by their extensions, the names of the languages.

    Args:
        path: Their folder; or where they lie with what they are called without an extension, for text that is no split.
        split: The split; None for text that is none.
        name: What the files are called, where a name of the split is not enough.

    Returns:
        Two files or more; none if there are not so many.

    Raises:
        UserError: It is not clear which files are meant.
    """
    folder = path if split is not None else path.parent
    groups: dict[str, dict[str, Path]] = defaultdict(dict)
    for file in entries(folder) if folder.is_dir() else []:
        language = _LANGUAGE.fullmatch(file.suffix)
        if language is None or file.suffix in _NO_LANGUAGES or not file.is_file():
            continue
        wanted = path.name if split is None else name
        if file.stem == wanted if wanted is not None else split_of(file.stem) == split:
            groups[file.stem][language[1]] = file
    found = {stem: files for stem, files in groups.items() if len(files) > 1}
    if len(found) > 1:
        hint = f"--data.source.test {next(iter(found))}" if split == "test" else "leave one of them there"
        raise UserError(f"more than one text could be {split}: {', '.join(found)}", where=folder, hint=hint)
    return next(iter(found.values()), {})


def read_parallel(files: dict[str, Path]) -> list[Row]:
    """A row for each line, with a text in each language.

    Args:
        files: The file of each language.

    Raises:
        UserError: One is not UTF-8 or empty, or they have not equally many lines.
    """
    lines = {language: split_lines(decode(read_file(path), path)) for language, path in files.items()}
    sizes = {path.name: len(lines[language]) for language, path in files.items()}
    if len(set(sizes.values())) > 1:
        raise UserError(
            " and ".join(f"{name} has {size:,} lines" for name, size in sizes.items()),
            where=next(iter(files.values())).parent,
            hint="every line has to be the translation of the same line in the other file",
        )
    return [dict(zip(lines, texts, strict=True)) for texts in zip(*lines.values(), strict=True)]
