"""Recordings of single words, joined to strings."""

from __future__ import annotations

import io
from collections import defaultdict
from random import Random

import numpy as np

from rnnbench.data.audio.recording import Samples, read_audio, recording_of
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.errors import UserError

_SEED = 3
_MOST_TRIES = 1000


class JoinedRecordings(Source):
    """Strings of several recordings of one speaker, each string of words only once in the whole data set.

    A split is made of the recordings of that split, so a string of the test split is new, and so are all recordings in
    it. The same recordings always give the same strings.

    Args:
        source: The single recordings, with ``text``, and ``speaker`` where there are several.
        sizes: Number of strings in each split.
        shortest: Fewest recordings of a string.
        longest: Most recordings of a string.
        most_pause: Longest silence between two recordings, in seconds.
        sample_rate: Samples a second of the strings.
    """

    def __init__(
        self,
        source: Source,
        sizes: dict[str, int] | None = None,
        shortest: int = 3,
        longest: int = 7,
        most_pause: float = 0.2,
        sample_rate: int = 8000,
    ) -> None:
        self.source = source
        self.sizes = {"train": 2000, "validation": 200, "test": 300} if sizes is None else sizes
        if set(self.sizes) != set(SPLITS) or min(self.sizes.values()) < 1:
            raise UserError(f"every split needs a size, found {self.sizes}", where="data.source.sizes")
        if not 1 <= shortest <= longest:
            raise UserError(f"{shortest} to {longest} recordings are none", where="data.source.shortest")
        self.shortest = shortest
        self.longest = longest
        self.most_pause = most_pause
        self.sample_rate = sample_rate
        self.dataset = f"{self.source.dataset}_strings"
        self._made: dict[Split, list[Row]] = {}

    def prepare(self) -> None:
        """Fetches the single recordings."""
        self.source.prepare()

    def rows(self, split: Split) -> list[Row]:
        """The strings of a split, each with ``audio``, ``text`` and ``speaker``.

        Args:
            split: The split.

        Raises:
            UserError: There are not so many different strings.
        """
        if not self._made:
            self._made = self._make()
        return self._made[split]

    def _make(self) -> dict[Split, list[Row]]:
        random = Random(_SEED)

        def choose(size: int) -> int:
            # Of Python's random numbers only these are the same in all its versions.
            return int(random.random() * size)

        seen: set[str] = set()
        splits: dict[Split, list[Row]] = {}
        # The small splits first, so that the large one cannot take all short strings.
        for split in reversed(SPLITS):
            singles = self.source.rows(split)
            speakers = defaultdict(list)
            for number, row in enumerate(singles):
                speakers[row.get("speaker")].append(number)
            names = sorted(speakers, key=str)
            samples = [
                read_audio(
                    recording_of(row["audio"], f"{self.source.dataset}, {split}, row {number + 1}"), self.sample_rate
                )
                for number, row in enumerate(singles)
            ]
            rows: list[Row] = []
            tries = 0
            while len(rows) < self.sizes[split]:
                speaker = names[len(rows) % len(names)]
                of_speaker = speakers[speaker]
                size = self.shortest + choose(self.longest - self.shortest + 1)
                chosen = [of_speaker[choose(len(of_speaker))] for _ in range(size)]
                text = " ".join(singles[i]["text"] for i in chosen)
                tries += 1
                if text in seen:
                    if tries > _MOST_TRIES * self.sizes[split]:
                        raise UserError(
                            f"there are not {self.sizes[split]} new strings", where=f"data.source.sizes, {split}"
                        )
                    continue
                seen.add(text)
                parts = []
                for i in chosen:
                    parts += [samples[i], np.zeros(int(random.random() * self.most_pause * self.sample_rate), "f4")]
                audio = {"bytes": self._as_wav(np.concatenate(parts)), "path": f"{split}_{len(rows):05}.wav"}
                rows.append({"audio": audio, "text": text, "speaker": speaker})
            splits[split] = rows
        return splits

    def _as_wav(self, samples: Samples) -> bytes:
        import soundfile

        file = io.BytesIO()
        soundfile.write(file, samples, self.sample_rate, format="WAV", subtype="PCM_16")
        return file.getvalue()
