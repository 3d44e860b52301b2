"""Text without spaces between its words, cut into words by a run of another application."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from rnnbench.data.column_names import ColumnNames, documents_of
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.formats.text_file import measure_text_file
from rnnbench.data.kept import LARGE_TEXT, Kept, folder_of
from rnnbench.data.source import SPLITS, Document, Row, Source, Split
from rnnbench.data.text.tokenizer import Level
from rnnbench.errors import UserError
from rnnbench.folders import CACHE_HINT, cache_folder
from rnnbench.safe_files import whole_file
from rnnbench.tasks.base.task import D, Task
from rnnbench.tasks.base.trained import digest_of, load_trained

_OPTION = "--data.segmenter"
# Always the same ones are read together, whatever batches are made of the words: these shapes round alike.
_LINES_AT_ONCE = 512


class Segmenter(Task[D]):
    """A model that knows where words end."""

    @abstractmethod
    def segment(self, lines: Sequence[str]) -> list[str]:
        """The same lines with one space between words, and none elsewhere.

        Args:
            lines: Lines of text; there may be none, and empty ones.

        Raises:
            UserError: The model looks for something else.
        """


class Segmented(Source):
    """The texts of a source, cut into words by a trained model.

    It is done once: the words lie in the cache, by the texts and by the model's weights. A text file is made for each
    split, whose lines are those of all its texts.

    Args:
        source: The texts.
        run: Folder of a run that segments. It is read again wherever the data are, so keep it.
        columns: What columns are called in the data, where that is something else.
        level: What a token of these texts is to be.

    Raises:
        UserError: The tokens are not to be words.
    """

    def __init__(self, source: Source, run: str, columns: ColumnNames | None = None, level: Level = "word") -> None:
        if level != "word":
            raise UserError(
                f"text that was cut into words is read as words, and data.level is {level}",
                where=_OPTION,
                hint="--data.level word",
            )
        self.source = source
        self.run = run
        self.columns = columns
        self.dataset = source.dataset

    def prepare(self) -> None:
        """Fetches what the source needs, and cuts it."""
        self.source.prepare()
        for split in SPLITS:
            self.text_files(split)

    def details(self) -> dict[str, str]:
        """Which model cut the texts, by what it is and by its weights: runs may have any name."""
        return {**self.source.details(), "segmenter": f"{self._model.model_name()} ({self._digest})"}

    def rows(self, split: Split) -> list[Row]:
        """One row with all words of a split.

        Args:
            split: The split.
        """
        return [{"text": "".join(text)} for text in self.documents(split)]

    def documents(self, split: Split) -> Sequence[str | Document]:
        """The words of a split, of which no more is in memory than is looked at.

        Args:
            split: The split.
        """
        return [measure_text_file(path)[0] for path in self.text_files(split)]

    def text_files(self, split: Split) -> list[Path]:
        """The file of a split, which is made if it is not there.

        Args:
            split: The split.
        """
        path = self._folder / f"{split}.txt"

        def find(made: dict[str, Any]) -> Path:
            if path.stat().st_size != made["bytes"]:
                raise ValueError(path)
            return path

        kept = Kept(self._folder, f"{self.dataset}, cut into words by {self.run}")
        return [kept(split, lambda: self._write(path, split), find)]

    def kept_in(self) -> Path | None:
        """See `Source.kept_in`."""
        return folder_of({split: self.text_files(split) for split in SPLITS}, LARGE_TEXT)

    @cached_property
    def _folder(self) -> Path:
        return cache_folder() / "segmented" / fingerprint(self._texts, segmenter=self._digest)

    @cached_property
    def _texts(self) -> dict[str, Sequence[str | Document]]:
        return {split: documents_of(self.source, split, self.columns) for split in SPLITS}

    def _write(self, path: Path, split: Split) -> dict[str, Any]:
        with whole_file(path, CACHE_HINT) as part, part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in self._cut(self._texts[split]))
        return {"bytes": path.stat().st_size}

    def _cut(self, texts: Iterable[str | Document]) -> Iterator[str]:
        lines = (line for text in texts for line in lines_of(text))
        while part := list(islice(lines, _LINES_AT_ONCE)):
            yield from self._model.segment(part)

    @cached_property
    def _model(self) -> Segmenter[Any]:
        run = Path(self.run).expanduser()
        return load_trained(run, Segmenter, "labelling", _OPTION)  # type: ignore[type-abstract]

    @cached_property
    def _digest(self) -> str:
        return digest_of(self._model)


def lines_of(text: str | Document) -> Iterator[str]:
    """The lines of a text of any size, at least one: the end of the last one may be left out.

    Args:
        text: The text.
    """
    begun: list[str] = []
    ended = False
    for piece in (text,) if isinstance(text, str) else text:
        first, *others = piece.split("\n")
        begun.append(first)
        for other in others:
            yield "".join(begun)
            begun = [other]
        ended = piece.endswith("\n")
    last = "".join(begun)
    if last or not ended:
        yield last
