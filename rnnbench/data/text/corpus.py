"""Texts as streams of tokens: in memory, or, where they are large, in files that are made once and found again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnbench.data.column_names import ColumnNames, documents_of
from rnnbench.data.fingerprint import kept_fingerprint
from rnnbench.data.kept import Kept, short_hash
from rnnbench.data.source import SPLITS, Document, Source, Split
from rnnbench.data.text.token_file import TokenFile
from rnnbench.data.text.tokenizer import Level, Tokenizer, TokenStream


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
        self.kept = Kept(source.kept_in(), source.dataset)
        self._documents: dict[Split, Sequence[str | Document]] = {}

    def vocabulary(self) -> Tokenizer:
        """The tokens of the training split."""
        return self.kept(
            f"vocabulary-{self._settings()}",
            lambda: Tokenizer.train(self.level, self.documents("train"), self.max_vocabulary, self.min_count).state(),
            Tokenizer.from_state,
        )

    def fingerprint(self) -> str:
        """The hash of all splits and of how they are cut into tokens."""
        settings: dict[str, Any] = {"level": self.level, "max_vocabulary": self.max_vocabulary}
        if self.min_count > 1:
            settings["min_count"] = self.min_count
        return kept_fingerprint(
            self.kept, lambda: {split: self.documents(split) for split in SPLITS}, self.columns, **settings
        )

    def stream(self, split: Split, tokenizer: Tokenizer) -> TokenStream:
        """The tokens of a split.

        Args:
            split: The split.
            tokenizer: Makes them; that of a trained model may be another than `vocabulary`.
        """
        if self.kept.folder is None:
            return tokenizer.stream(self.documents(split))
        path = self.kept.folder / f"{split}-{short_hash(tokenizer.state())}{self._named()}"

        def make() -> dict[str, Any]:
            tokens, characters, unknown = tokenizer.stream(self.documents(split), path)
            return {"length": len(tokens), "dtype": tokens.dtype.name, "characters": characters, "unknown": unknown}

        def find(made: dict[str, Any]) -> TokenStream:
            tokens = TokenFile(path, made["dtype"], made["length"])
            return TokenStream(tokens, made["characters"], made["unknown"])

        return self.kept(path.name, make, find)

    def documents(self, split: Split) -> Sequence[str | Document]:
        """The texts of a split."""
        if split not in self._documents:
            self._documents[split] = documents_of(self.source, split, self.columns)
        return self._documents[split]

    def _settings(self) -> str:
        rarest = f"-{self.min_count}" if self.min_count > 1 else ""
        return f"{self.level}-{self.max_vocabulary}{rarest}{self._named()}"

    def _named(self) -> str:
        return f"-{short_hash(self.columns)}" if self.columns else ""
