"""Which files of a folder are a split, by their names."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from rnnbench.data.source import Split
from rnnbench.errors import UserError
from rnnbench.reading import entries

SPLIT_WORDS: dict[Split, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test",),
}
"""Names of a split, the usual one first."""

PACKED = {".gz": "gunzip -k", ".bz2": "bunzip2 -k", ".xz": "unxz -k", ".zst": "unzstd", ".zip": "unzip"}
"""What unpacks a file of such an extension."""

_SHARD = re.compile(r"(?P<base>.*)-(?P<index>\d{5})-of-(?P<count>\d{5})")


def split_of(name: str) -> Split | None:
    """The split that a name without extension tells of, as a whole word in it: ``ptb.valid``, ``test-00000-of-00001``.

    Args:
        name: Name of a folder, or of a file without its last extension.

    Returns:
        The split, or None if the name tells of none or of several.
    """
    words = set(re.split(r"[\W_]+", name.casefold()))
    found = [split for split, names in SPLIT_WORDS.items() if words.intersection(names)]
    return found[0] if len(found) == 1 else None


def split_files(folder: Path, split: Split, suffixes: Collection[str], name: str | None = None) -> list[Path]:
    """The files of one split: a file, the shards of one, or all files of a sub-folder, in sorted order.

    Args:
        folder: The data set's folder.
        split: The split.
        suffixes: Extensions, in lower case, of the files that can be read.
        name: What the file or sub-folder is called without extension, where a name of the split is not enough.

    Raises:
        UserError: There is no such split, or it is not clear which files are meant.
    """
    visible = entries(folder)
    named = [path for path in visible if _is_named(path.name if path.is_dir() else _stem(path), split, name)]
    found = [path for path in named if path.is_dir() or path.suffix.lower() in suffixes]
    if not found:
        there = ", ".join(path.name for path in named or visible) or "nothing"
        called = name or split
        packed = next((path for path in named if path.suffix.lower() in PACKED), None)
        raise UserError(
            f"there is no {split} split that can be read; found: {there}",
            where=folder,
            hint=f"unpack it: {PACKED[packed.suffix.lower()]} {packed.name}"
            if packed is not None
            else f"name it {' or '.join(called + suffix for suffix in sorted(suffixes))}, or a sub-folder {called}",
        )
    if len(found) == 1 and found[0].is_dir():
        return _documents(found[0])
    if len(found) > 1 or _SHARD.fullmatch(found[0].stem):
        _check_shards(folder, split, found)
    return found


def _stem(path: Path) -> str:
    return Path(path.stem).stem if path.suffix.lower() in PACKED else path.stem


def _is_named(stem: str, split: Split, name: str | None) -> bool:
    if name is None:
        return split_of(stem) == split
    shard = _SHARD.fullmatch(stem)
    return name in (stem, shard["base"] if shard else stem)


def _documents(folder: Path) -> list[Path]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return [names[name] for name in sorted(names) if not any(part.startswith(".") for part in name.split("/"))]


def _check_shards(folder: Path, split: Split, paths: list[Path]) -> None:
    shards = [_SHARD.fullmatch(path.stem) for path in paths]
    kinds = {(shard["base"], shard["count"], path.suffix) for shard, path in zip(shards, paths, strict=True) if shard}
    names = ", ".join(path.name for path in paths)
    if len(kinds) != 1 or not all(shards):
        # Never simply all of them: Penn Treebank comes as words and as characters in one folder.
        hint = "leave one of them there" if split != "test" else f"name it: --data.source.test {paths[0].stem}"
        raise UserError(f"more than one file could be {split}: {names}", where=folder, hint=hint)
    count = int(next(iter(kinds))[1])
    if [int(shard["index"]) for shard in shards if shard] != list(range(count)):
        raise UserError(f"{split} has {count} parts, and not all are there: {names}", where=folder)
