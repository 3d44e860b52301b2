"""Sentences with their translations."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Annotated, Any

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.column_names import ColumnNames, records_of
from rnnbench.data.fingerprint import kept_fingerprint
from rnnbench.data.kept import Kept, short_hash
from rnnbench.data.lazy import Chosen, Joined, each
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Source, Split
from rnnbench.data.text.encoder import TextEncoder, Unit
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0
from rnnbench.tasks.base import Spec
from rnnbench.tasks.base.pairs.data import PairData, Side, encode_source, encode_target
from rnnbench.tasks.translation.pairs import Pair, read_pairs


class TranslationData(PairData[Pair]):
    """Sentences with their translations, in batches of about equal lengths.

    A record holds a text for each language: in a column of the language's name, or in the column ``translation`` by
    that name. Which of them is translated into which, `source_language` and `target_language` say.

    Args:
        source: Where the pairs come from.
        source_language: Name of the language that is translated, as the data call it.
        target_language: Name of the language that it is translated into; ``zh`` is scored by characters.
        source_unit: What a token of the source is: ``reversible`` for words and punctuation, ``char`` for Chinese.
        target_unit: What a token of the target is; translations are put together again and compared with the raw
            references.
        joint: Whether both languages share one vocabulary, such as one of subwords.
        lowercase: Whether both languages are lower-cased; scores then ignore case, too.
        min_count: Rarer tokens become ``<unk>``; rarer pairs are not merged by BPE.
        max_vocabulary: Keep only so many of the most frequent tokens of each language, special ones included; size of a
            vocabulary of subwords.
        max_length: Pairs of the training split in which either side has more tokens are left out; null for no limit.
        max_tokens: Most tokens of a batch of one process, both sides together, padding included.
        batch_size: Most pairs of a batch of one process.
        num_workers: Processes that read ahead.
        columns: What columns are called in the data, where that is something else: ``{de: source, en: target}``.
    """

    source: Source

    def __init__(
        self,
        source: Source,
        source_language: str = "de",
        target_language: str = "en",
        source_unit: Unit = "reversible",
        target_unit: Unit = "reversible",
        joint: bool = False,
        lowercase: bool = False,
        min_count: int = 1,
        max_vocabulary: int | None = None,
        max_length: int | None = None,
        max_tokens: int | None = 4096,
        batch_size: int | None = None,
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
    ) -> None:
        super().__init__(source, Budget(max_tokens, batch_size), num_workers)
        self.columns = columns
        if source_language == target_language:
            raise UserError(
                f"source and target are both {source_language!r}",
                where="data.target_language",
                hint="name two languages of the data",
            )
        if joint and source_unit != target_unit:
            raise UserError(
                f"one vocabulary cannot hold {source_unit} of the source and {target_unit} of the target",
                where="data.joint",
                hint="give source_unit and target_unit the same value, or leave joint out",
            )
        self.source_language = source_language
        self.target_language = target_language
        self.source_unit = source_unit
        self.target_unit = target_unit
        self.joint = joint
        self.lowercase = lowercase
        self.min_count = min_count
        self.max_vocabulary = max_vocabulary
        self.max_length = max_length
        self.source_encoder: TextEncoder | None = None
        self.target_encoder: TextEncoder | None = None

    @property
    def spec(self) -> Spec:
        """What maps the texts of both languages to ids, and how the languages are called."""
        assert self.source_encoder is not None, "setup comes first"
        assert self.target_encoder is not None, "setup comes first"
        return {
            "source": self.source_encoder.state(),
            "target": self.target_encoder.state(),
            "source_language": self.source_language,
            "target_language": self.target_language,
            "joint": self.joint,
            "dataset": self.dataset,
        }

    def details(self) -> dict[str, str | int | float]:
        """Languages, units, sizes of vocabularies and splits, share of padding in training."""
        assert self.source_encoder is not None, "setup comes first"
        assert self.target_encoder is not None, "setup comes first"
        found: dict[str, str | int | float] = {
            "languages": f"{self.source_language}-{self.target_language}",
            "source_unit": self.source_encoder.unit,
            "target_unit": self.target_encoder.unit,
            "source_vocabulary": len(self.source_encoder),
            "target_vocabulary": len(self.target_encoder),
        }
        for split, read in self.splits.items():
            found[f"{split}_pairs"] = len(read.lengths)
            found[f"{split}_target_tokens"] = int(read.lengths[:, 1].sum())
        return found | self.padding()

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        everything = {split: self._read(split) for split in SPLITS}
        kept = Kept(self.source.kept_in(), self.dataset)
        self.fingerprint = kept_fingerprint(
            kept,
            lambda: {
                split: ({"source": pair.source, "target": pair.target} for pair in everything[split])
                for split in SPLITS
            },
            self.columns,
            source_language=self.source_language,
            target_language=self.target_language,
        )
        spec = self.model_spec()
        if spec is None:
            # On what it depends which tokens there are.
            languages = (self.source_language, self.target_language, self.source_unit, self.target_unit, self.joint)
            settings = (self.columns, languages, self.lowercase, self.min_count, self.max_vocabulary)
            name = f"vocabularies-{short_hash(settings)}"
            spec = kept(name, lambda: self._train(everything["train"]), dict)
        self.source_encoder = TextEncoder.from_state(spec["source"])
        self.target_encoder = TextEncoder.from_state(spec["target"])
        for split in wanted:
            self.splits[split] = self.encode_split(split, everything[split], kept, left_out)

    def sides(self) -> tuple[Side[Pair], Side[Pair]]:
        """See `PairData.sides`."""
        source, target = self.source_encoder, self.target_encoder
        assert source is not None
        assert target is not None
        return (
            Side(lambda pair: encode_source(source, pair.source), len(source)),
            Side(lambda pair: encode_target(target, pair.target), len(target)),
        )

    def _read(self, split: Split) -> Sequence[Pair]:
        place = functools.partial(self.source.place, split)
        pairs = read_pairs(
            records_of(self.source, split, self.columns), self.source_language, self.target_language, place
        )
        if (self.source_unit, self.target_unit) == ("word", "word"):
            return pairs
        # An alignment is one of words, and these tokens are others.
        return each(pairs, lambda pair, _: Pair(pair.source, pair.target))

    def _train(self, pairs: Sequence[Pair]) -> dict[str, Any]:
        """The vocabularies of the training split, of its pairs with text on both sides."""
        both = [number for number, pair in enumerate(pairs) if pair.source and pair.target]
        if not both:
            raise UserError("no pair of train has text on both sides", where=self.dataset)
        if len(both) < len(pairs):
            pairs = Chosen(pairs, both)
        train = functools.partial(
            TextEncoder.train, lowercase=self.lowercase, min_count=self.min_count, max_size=self.max_vocabulary
        )
        sources, targets = each(pairs, lambda pair, _: pair.source), each(pairs, lambda pair, _: pair.target)
        if self.joint:
            state = train(self.source_unit, Joined([sources, targets])).state()
            return {"source": state, "target": state}
        return {
            "source": train(self.source_unit, sources).state(),
            "target": train(self.target_unit, targets).state(),
        }
