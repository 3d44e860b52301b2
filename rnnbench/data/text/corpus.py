"""Texts as streams of tokens: in memory, or, where they are large, in files that are made once and found again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from rnnbench.data.column_names import ColumnNames, documents_of
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.formats.text_file import state_of
from rnnbench.data.notice import tell
from rnnbench.data.source import SPLITS, Document, Source, Split
from rnnbench.data.sources.files import Files
from rnnbench.data.text.token_file import TokenFile
from rnnbench.data.text.tokenizer import Level, Tokenizer, TokenStream
from rnnbench.errors import UserError
from rnnbench.folders import cache_folder
from rnnbench.reading import real_path
from rnnbench.safe_files import replace_text

# Bytes of text from which on its tokens are kept on disk: reading a smaller one takes a second or two.
LARGE = 2**26
# Files of another form are not found again.
_FORM = 1
T = TypeVar("T")


class Corpus:
    """What a language model reads; of a large text everything that is made of it is kept in the cache, and found there.

    Args:
        source: Where the texts come from.
        level: What a token is.
        max_vocabulary: Keep only so many of the most frequent tokens.
        columns: What columns are called in the data, where that is something else.
        min_count: Leave out tokens that are rarer.

    Raises:
        UserError: A text cannot be read, or the cache cannot be written to.
    """

    def __init__(
        self,
        source: Source,
        level: Level,
        max_vocabulary: int | None = None,
        columns: ColumnNames | None = None,
        min_count: int = 1,
    ) -> None:
        self.source = source
        self.level = level
        self.max_vocabulary = max_vocabulary
        self.min_count = min_count
        self.columns = columns
        self.folder = None if columns else _folder_of(source)
        self._documents: dict[Split, Sequence[str | Document]] = {}

    def vocabulary(self) -> Tokenizer:
        """The tokens of the training split."""
        return self._kept(
            f"vocabulary-{self._settings()}",
            lambda: Tokenizer.train(self.level, self.documents("train"), self.max_vocabulary, self.min_count).state(),
            Tokenizer.from_state,
        )

    def fingerprint(self) -> str:
        """The hash of all splits and of how they are cut into tokens."""
        settings: dict[str, Any] = {"level": self.level, "max_vocabulary": self.max_vocabulary}
        if self.min_count > 1:
            settings["min_count"] = self.min_count
        return self._kept(
            f"fingerprint-{self._settings()}",
            lambda: {"fingerprint": fingerprint({split: self.documents(split) for split in SPLITS}, **settings)},
            lambda made: str(made["fingerprint"]),
        )

    def stream(self, split: Split, tokenizer: Tokenizer) -> TokenStream:
        """The tokens of a split.

        Args:
            split: The split.
            tokenizer: Makes them; that of a trained model may be another than `vocabulary`.
        """
        if self.folder is None:
            return tokenizer.stream(self.documents(split))
        vocabulary = hashlib.sha256(json.dumps(tokenizer.state()).encode()).hexdigest()[:16]
        path = self.folder / f"{split}-{vocabulary}"

        def make() -> dict[str, Any]:
            tokens, characters, unknown = tokenizer.stream(self.documents(split), path)
            return {"length": len(tokens), "dtype": tokens.dtype.name, "characters": characters, "unknown": unknown}

        def find(made: dict[str, Any]) -> TokenStream:
            tokens = TokenFile(path, made["dtype"], made["length"])
            return TokenStream(tokens, made["characters"], made["unknown"])

        return self._kept(path.name, make, find)

    def documents(self, split: Split) -> Sequence[str | Document]:
        """The texts of a split."""
        if split not in self._documents:
            self._documents[split] = documents_of(self.source, split, self.columns)
        return self._documents[split]

    def _settings(self) -> str:
        rarest = f"-{self.min_count}" if self.min_count > 1 else ""
        return f"{self.level}-{self.max_vocabulary}{rarest}"

    def _kept(self, name: str, make: Callable[[], dict[str, Any]], find: Callable[[dict[str, Any]], T]) -> T:
        """What was made of a large text before, or what is made now.

        Args:
            name: A name for it.
            make: Makes it, and gives plain values by which it is found again.
            find: Finds it by these values; whatever it raises means that it is damaged, or gone.
        """
        if self.folder is None:
            return find(make())
        hint = "set RNNBENCH_CACHE to a folder that you can write to, on a disk with room"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Of processes that come together one makes it and the others find it. The lock of a killed one is free.
            with FileLock(self.folder / "lock"):
                path = self.folder / f"{name}.json"
                with suppress(OSError, ValueError, KeyError, TypeError, UserError):
                    return find(json.loads(path.read_text(encoding="utf-8")))
                tell(f"{self.source.dataset} is large: its tokens are made once and kept in {self.folder}")
                made = make()
                replace_text(path, json.dumps(made))
                return find(made)
        except OSError as error:
            raise UserError(f"cannot be written: {error.strerror or error}", where=self.folder, hint=hint) from None


def _folder_of(source: Source) -> Path | None:
    """Where everything of a large text lies: its name tells it from all others without reading it."""
    files: dict[Split, list[tuple[str, int, int]]] = {}
    for split in SPLITS:
        paths = source.text_files(split)
        if paths is None:
            return None
        files[split] = [(str(real_path(path)), *state_of(path)) for path in paths]
    if max(sum(size for _, size, _ in states) for states in files.values()) < LARGE:
        return None
    # One file that is cut may be all three.
    fractions = source.fractions if isinstance(source, Files) else ()
    text = json.dumps([_FORM, list(fractions), files])
    return cache_folder() / "tokens" / hashlib.sha256(text.encode()).hexdigest()[:16]
