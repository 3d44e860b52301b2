"""Recordings with their transcripts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.audio.augment import Augmentation
from rnnbench.data.audio.features import Features, Frames, moments, statistics
from rnnbench.data.audio.recording import Recording, num_samples, recording_of
from rnnbench.data.batches.bucket import Budget
from rnnbench.data.column_names import ColumnNames, rows_of
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Row, Source, Split, name_it
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0
from rnnbench.tasks.base import BucketedData, Spec
from rnnbench.tasks.base.texts import listed
from rnnbench.tasks.speech.alphabet import Alphabet, SpeechUnit, least_steps
from rnnbench.tasks.speech.batch import Normalizer, Utterance, Utterances, read_utterance
from rnnbench.tasks.speech.decoder import Decode, Decoder

_FEATURES = Features()
_AS_IT_IS = Augmentation()
_BEST_PATH = Decoder()


@runtime_checkable
class KnowsSteps(Protocol):
    """A model that may have fewer steps than there are frames."""

    def steps(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of steps that so many frames give."""


class SpeechData(BucketedData[Utterances]):
    """Recordings with their transcripts, in batches of about equal length.

    Rows have an ``audio`` and a ``text``. The alphabet is that of the training transcripts.

    Args:
        source: Where the recordings come from.
        features: Which features are computed of them.
        augment: How they are changed in training.
        decoder: How validation and test are decoded; ``rnnbench test`` takes another one for a trained model.
        audio_column: Column that holds the recording: a path, or the bytes of a file as the hub has them.
        unit: What a token is: ``char``, or ``word`` where there are few.
        lowercase: Whether transcripts are lower-cased.
        min_count: Rarer tokens are left out of the alphabet, and training recordings that have one are dropped.
        max_length: Training recordings with more frames are dropped; null for no limit.
        max_tokens: Most frames of a batch of one process, padding included.
        batch_size: Most recordings of a batch of one process.
        keep_in_memory: Whether recordings stay in memory, 230 MB an hour at 16 kHz, or their features, 58 MB, where
            augmentation does not change the sound; else they are read anew in every epoch.
        max_unreadable: Largest share of the recordings of a split that may be broken: they are left out and listed by
            the names of their files, and the metrics' signature says how many of the test split were.
        num_workers: Processes that read ahead.
        columns: What columns are called in the data, where that is something else: ``{text: sentence}``.
    """

    source: Source
    inputs = "a.wav b.flac"

    def __init__(
        self,
        source: Source,
        features: Features = _FEATURES,
        augment: Augmentation = _AS_IT_IS,
        decoder: Decoder = _BEST_PATH,
        audio_column: str = "audio",
        unit: SpeechUnit = "char",
        lowercase: bool = False,
        min_count: int = 1,
        max_length: int | None = None,
        max_tokens: int | None = 20000,
        batch_size: int | None = None,
        keep_in_memory: bool = True,
        max_unreadable: float = 0.25,
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
    ) -> None:
        super().__init__(source, Budget(max_tokens, batch_size), num_workers)
        self.columns = columns
        features.check()
        augment.check()
        decoder.check()
        if min_count < 1:
            raise UserError(f"must be at least 1, found {min_count}", where="data.min_count")
        self.features = features
        self.augment = augment
        self.decoder = decoder
        self.audio_column = audio_column
        self.unit: SpeechUnit = unit
        self.lowercase = lowercase
        self.min_count = min_count
        self.max_length = max_length
        self.keep_in_memory = keep_in_memory
        self.max_unreadable = max_unreadable
        self.unreadable: dict[Split, int] = {}
        self.alphabet: Alphabet | None = None
        self.statistics: Normalizer | None = None
        self.decode: Decode | None = None

    @property
    def spec(self) -> Spec:
        """Alphabet, features, and the statistics by which all of them are normalised."""
        assert self.alphabet is not None, "setup comes first"
        known = None if self.statistics is None else [values.tolist() for values in self.statistics]
        return {
            "alphabet": self.alphabet.state(),
            "features": asdict(self.features),
            "statistics": known,
            "lowercase": self.lowercase,
        }

    def details(self) -> dict[str, str | int | float]:
        """Unit, sizes of alphabet and splits, features, share of padding in training."""
        assert self.alphabet is not None, "setup comes first"
        found: dict[str, str | int | float] = {"unit": self.unit, "alphabet": len(self.alphabet) - 1}
        found["features"] = f"{self.features.size} {self.features.kind}, {self.features.sample_rate} Hz"
        found["frame_seconds"] = self.features.shift_ms / 1000
        for split, read in self.splits.items():
            found[f"{split}_recordings"] = len(read.utterances)
            found[f"{split}_minutes"] = round(read.seconds / 60, 2)
        return found | self.padding()

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        rows = {split: rows_of(self.source, split, self.columns) for split in SPLITS}
        self.fingerprint = self._fingerprint(rows)
        spec = self.model_spec()
        if spec is not None:
            self._take(spec)
        # Without a model, the training split says what there is to be recognised.
        reads = wanted if spec is not None or "train" in wanted else ("train", *wanted)
        for split in reads:
            self._read(split, rows[split], left_out)
        if wanted != reads:
            del self.splits["train"]
        assert self.alphabet is not None
        self.decode = self.decoder.make(self.alphabet)

    def _fingerprint(self, rows: Mapping[Split, Sequence[Row]]) -> str:
        """Of recordings in files, the names and sizes stand for the content, which may be hundreds of gigabytes."""

        def heard(split: Split, number: int, row: Row) -> Row:
            recording = self._recording(split, number, row)
            content: Any = recording.file
            if isinstance(content, Path):
                size = content.stat().st_size if content.is_file() else None
                content = (content.name, size, recording.start, recording.seconds)
            return {"audio": content, "text": self._text(split, number, row)}

        described: dict[str, Sequence[Row]] = {
            split: [heard(split, number, row) for number, row in enumerate(found)] for split, found in rows.items()
        }
        # Not the unit that was asked for, which changes neither the data nor what an error rate counts: that with which
        # the first results were made.
        return fingerprint(described, unit="char")

    def _take(self, spec: Spec) -> None:
        """A trained model rules over new data."""
        if spec["features"] != asdict(self.features):
            raise UserError(
                f"the model was trained with {spec['features']}", where="data.features", hint="leave them as they were"
            )
        self.alphabet = Alphabet.from_state(spec["alphabet"])
        if spec["statistics"] is not None:
            mean, deviation = (np.array(values, dtype=np.float32) for values in spec["statistics"])
            self.statistics = (mean, deviation)

    def _read(self, split: Split, rows: Sequence[Row], left_out: LeftOut) -> None:
        texts = [self._text(split, number, row) for number, row in enumerate(rows)]
        if self.alphabet is None:
            self.alphabet = Alphabet.train(self.unit, texts, self.min_count)
        recordings = [self._recording(split, number, row) for number, row in enumerate(rows)]
        broken: dict[str, UserError] = {}
        everything = []
        for number, (recording, text) in enumerate(zip(recordings, texts, strict=True)):
            try:
                samples = num_samples(recording, self.features.sample_rate)
            except UserError as error:
                broken[recording.name] = error
            else:
                everything.append(Utterance(recording, text, self.alphabet.encode(text), samples, number))
        left_out.leave_unreadable(split, broken, len(rows), self.max_unreadable)
        kept = self._usable(split, everything, left_out)
        if not kept:
            raise UserError(f"no recording of {split} can be used", where=self.dataset, hint="the reasons stand above")
        in_training = split == "train"
        augment = self.augment if in_training and self.augment != _AS_IT_IS else None
        usable, seen = len(kept), None
        if self.keep_in_memory:
            kept, seen = self._read_all(split, kept, augment, left_out)
        self.unreadable[split] = len(broken) + usable - len(kept)
        read = Utterances(kept, self.features, None, augment, self.global_seed, seen)
        read.normalizers = self._normalizers(read, [rows[one.row] for one in kept])
        self.splits[split] = read

    def _read_all(
        self, split: Split, utterances: list[Utterance], augment: Augmentation | None, left_out: LeftOut
    ) -> tuple[list[Utterance], list[Any]]:
        """Those recordings that can be read to their ends, and what stays in memory of them."""
        broken: dict[str, UserError] = {}
        kept, seen = [], []
        for one in utterances:
            try:
                seen.append(read_utterance(one, self.features, augment))
            except UserError as error:
                broken[one.recording.name] = error
            else:
                kept.append(one)
        left_out.leave_unreadable(split, broken, len(utterances), self.max_unreadable)
        return kept, seen

    def _recording(self, split: Split, number: int, row: Row) -> Recording:
        if self.audio_column not in row:
            raise UserError(
                f"there is no column {self.audio_column!r}; there are: {', '.join(row)}",
                where=self.source.place(split, number),
                hint=name_it(self.audio_column, row),
            )
        # Not the source's own place, for which it may have to read its files anew.
        return recording_of(row[self.audio_column], f"{self.dataset}, {split}, row {number + 1}")

    def _text(self, split: Split, number: int, row: Row) -> str:
        text = row.get("text")
        if not isinstance(text, str):
            raise UserError(
                f"there is no transcript; there are: {', '.join(row)}",
                where=self.source.place(split, number),
                hint=name_it("text", row),
            )
        text = " ".join(text.split())
        return text.lower() if self.lowercase else text

    def _usable(self, split: Split, utterances: list[Utterance], left_out: LeftOut) -> list[Utterance]:
        """In training, what can be learned from; in evaluation everything, with a notice of what cannot be right."""
        assert self.alphabet is not None
        training = split == "train"
        outside = [self.alphabet.outside([one.text]) for one in utterances]
        self._name_outside(split, outside)
        fastest = max(self.augment.speeds) if training else 1.0
        # One sample less: changing the speed rounds.
        samples = np.array([int(one.samples / fastest) - (fastest != 1) for one in utterances], dtype=np.int64)
        steps = self._steps(self.features.num_frames(samples))
        longest = self.features.num_frames(np.array([one.samples for one in utterances], dtype=np.int64))
        kept = []
        for one, foreign, places, frames in zip(utterances, outside, steps.tolist(), longest.tolist(), strict=True):
            reason = None
            needs = least_steps(one.tokens)
            if foreign:
                reason = "tokens outside the alphabet" if training else None
            elif training and not len(one.tokens):
                reason = "nothing in its transcript"
            elif places < 1:
                reason = "shorter than a frame"
            elif needs > places:
                reason = "the transcript needs more steps than the recording has"
            elif training and self.max_length is not None and frames > self.max_length:
                reason = f"longer than {self.max_length}"
            if reason is not None:
                left_out.add(split, one.recording.name, reason, "dropped" if training else "kept")
            if reason is None or not training:
                kept.append(one)
        if not kept:
            left_out.report()
        return kept

    def _steps(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        model = self.trainer.lightning_module if self.trainer is not None else None
        return model.steps(frames) if isinstance(model, KnowsSteps) else frames

    def _name_outside(self, split: Split, outside: list[Counter[str]]) -> None:
        """Names and counts what the alphabet lacks."""
        total: Counter[str] = sum(outside, Counter())
        if not total:
            return
        named = listed([f"{token!r} ({count:,})" for token, count in total.most_common()])
        of = sum(1 for counts in outside if counts)
        then = "the recordings are dropped" if split == "train" else "they count as errors"
        self.tell(f"{split}: outside the alphabet in {of:,} transcripts, so {then}: {named}")

    def _normalizers(self, read: Utterances, rows: Sequence[Row]) -> list[Normalizer] | None:
        """Statistics of the speaker or of the training split, for each recording."""
        kind = self.features.normalize
        if kind in ("utterance", "none"):
            return None
        if kind == "global" and self.statistics is not None:
            return [self.statistics] * len(rows)
        # Without a name, each recording is of a speaker of its own.
        speakers: list[Any] = [row.get("speaker") or number for number, row in enumerate(rows)]
        if kind == "global":
            speakers = [None] * len(rows)
        sums: dict[Any, list[Any]] = defaultdict(lambda: [0.0, 0.0, 0])
        for number, speaker in enumerate(speakers):
            frames: Frames = read.raw_frames(number)
            first, second = moments(frames)
            of = sums[speaker]
            of[0], of[1], of[2] = of[0] + first, of[1] + second, of[2] + len(frames)
        known = {speaker: statistics(*of) for speaker, of in sums.items()}
        if kind == "global":
            self.statistics = known[None]
        return [known[speaker] for speaker in speakers]
