"""Where the data of a card come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rnnbench.data.source import Split
from rnnbench.schema import Sha256


@dataclass(frozen=True)
class Builtin:
    """A data set that is made on the spot.

    Args:
        kind: Marks this kind of source in a card.
        use: Options to type.
        modules: Modules of the standard library, split by split; none where data are generated.
    """

    kind: Literal["builtin"]
    use: str
    modules: dict[Split, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class UserFiles:
    """A data set that users bring as files.

    Args:
        kind: Marks this kind of source in a card.
        get: Where they get it.
        use: Options to type.
        sha256: Checksum of the file of each split, and of the ``whole`` where one file holds all; empty where the files
            are not fixed byte for byte.
    """

    kind: Literal["files"]
    get: str
    use: str
    sha256: dict[Literal["train", "validation", "test", "whole"], Sha256] = field(default_factory=dict)


@dataclass(frozen=True)
class OnHub:
    """A data set of the Hugging Face hub.

    Args:
        kind: Marks this kind of source in a card.
        use: Options to type.
        name: Name on the hub.
    """

    kind: Literal["hub"]
    use: str
    name: str


@dataclass(frozen=True)
class InPackage:
    """Lines of text files inside a package of the Python index.

    Args:
        kind: Marks this kind of source in a card.
        use: Options to type.
        requirement: The package with its exact version.
        file: File name of the source archive or wheel.
        sha256: Checksum of that file.
        members: Checksum of each text file, by its path in the archive, in the order in which they are read.
        percent: Share of each split; a line's split follows from its hash.
        inside: Archive inside the package that holds the files; ``members`` are then paths in it.
        format: What a line is: a text; columns parted by tabs; or words with their tags, ``word/tag``. A file of
            ``series`` is a table with times, and the percents are those of time.
        columns: Names of the columns, ``text`` among them. The sign of a ``rating`` is the label, lines with 0 are left
            out.
        labels: Label of all lines of a text file, by its path.
    """

    kind: Literal["package"]
    use: str
    requirement: str
    file: str
    sha256: Sha256
    members: dict[str, Sha256]
    percent: dict[Split, int]
    inside: str | None = None
    format: Literal["lines", "columns", "tagged", "series"] = "lines"
    columns: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VectorsInPackage:
    """Pretrained word vectors inside a package of the Python index.

    Args:
        kind: Marks this kind of source in a card.
        use: Options to type.
        requirement: The package with its exact version.
        file: File name of the source archive or wheel.
        sha256: Checksum of that file.
        members: Checksum of both files, by its path in the archive: first the words, a Parquet file of one column, then
            the vectors, a row a word, a file of NumPy.
        inside: Archive inside the package that holds the files.
    """

    kind: Literal["vectors"]
    use: str
    requirement: str
    file: str
    sha256: Sha256
    members: dict[str, Sha256]
    inside: str | None = None


@dataclass(frozen=True)
class BenchmarksInPackage:
    """Questions about words inside a package of the Python index.

    Args:
        kind: Marks this kind of source in a card.
        use: Options to type.
        requirement: The package with its exact version.
        file: File name of the source archive or wheel.
        sha256: Checksum of that file.
        members: Checksum of each file, by its path in the archive.
        inside: Archive inside the package that holds the files.
    """

    kind: Literal["benchmarks"]
    use: str
    requirement: str
    file: str
    sha256: Sha256
    members: dict[str, Sha256]
    inside: str | None = None


Origin = Builtin | UserFiles | OnHub | InPackage | VectorsInPackage | BenchmarksInPackage
