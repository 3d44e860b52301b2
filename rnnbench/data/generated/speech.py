"""Numbers, dates and commands spoken by a synthesiser, with noise and echo."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.audio.recording import Samples
from rnnbench.data.cards import Builtin, load_origin
from rnnbench.data.fetched.cache import check_cache, write_to_cache
from rnnbench.data.formats.records import read_parquet
from rnnbench.data.generated.base import check_sizes
from rnnbench.data.generated.espeak import Utterance, speak
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.folders import cache_folder
from rnnbench.reading import read_file

_SEED = 6
_RATE = 16000

_ACCENTS = ("en-us", "en", "en-gb-x-rp")
# None of those that breathe (f2, f3, f5, Alicia, sandro, victor): their noise differs from one process to the next.
_VOICES: dict[Split, tuple[str, ...]] = {
    "train": (
        "f1", "m1", "m3", "m4", "m6", "m8", "Andrea", "Andy", "Annie", "Denis", "Gene", "Hugo", "Lee", "Marco",
        "Michael", "Reed", "adam", "belinda", "benjamin", "boris", "david", "ed", "grandma", "john", "linda", "max",
        "norbert", "paul", "quincy", "robert", "steph", "zac",
    ),
    "validation": ("m2", "Jacky", "Mario", "aunty", "ian", "marcelo", "shelby", "travis"),
    "test": ("f4", "m5", "m7", "Alex", "Diogo", "Henrique", "anika", "antonio", "pablo", "rob"),
}  # fmt: skip

_SENTENCES = (
    "turn @switch the @place @device",
    "set the @place @device to @percent percent",
    "set an alarm for @time",
    "set a timer for @number minutes",
    "wake me up on @weekday at @time",
    "remind me to @errand on the @ordinal of @month",
    "what is @number @operation @number",
    "call @person at @time",
    "play song number @number",
    "the @ordinal of @month @year",
    "@weekday the @ordinal of @month",
    "@number",
    "@digit @digit @digit @digit @digit",
    "send @person a message",
    "open the @place window",
    "how far is it to @town",
    "what is the weather in @town on @weekday",
)
_OPTIONS = {
    "switch": ("on", "off"),
    "place": ("kitchen", "bedroom", "garden", "office", "bathroom", "hall", "cellar"),
    "device": ("light", "heating", "radio", "fan", "lamp", "television"),
    "errand": ("water the plants", "buy bread", "feed the cat", "pay the rent", "clean the car", "write a letter"),
    "operation": ("plus", "minus", "times", "divided by"),
    "person": ("anna", "peter", "maria", "david", "susan", "martin", "laura", "thomas"),
    "town": ("london", "paris", "berlin", "boston", "dublin", "oslo", "madrid", "chicago"),
    "weekday": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "month": (
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ),
    "time": ("@hour o'clock", "half past @hour", "quarter to @hour", "quarter past @hour", "@hour @minutes"),
}  # fmt: skip
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
             "twelve": "twelfth"}  # fmt: skip

_Choose = Callable[[Sequence[Any]], Any]


class GeneratedSpeech(Source):
    """Numbers, dates and commands spoken by eSpeak NG in many voices, with some noise and echo.

    No voice and no sentence stands in two splits. It is made once, in well under a minute, and kept in the cache; the
    same versions of the packages make the same samples.

    Args:
        train: Number of recordings in training.
        validation: Number of recordings in validation.
        test: Number of recordings in test.
    """

    def __init__(self, train: int = 3000, validation: int = 200, test: int = 300) -> None:
        self.dataset = load_origin("generated_speech", Builtin)[0].name
        self._sizes: dict[Split, int] = {"train": train, "validation": validation, "test": test}
        check_sizes(train=train, validation=validation, test=test)

    def prepare(self) -> None:
        """Makes the recordings if they are not there."""
        if not all(_file(split, self._sizes).is_file() for split in SPLITS):
            check_cache(_file("train", self._sizes))
            print(f"{self.dataset}: the recordings are made once, in about a minute", flush=True)
            for split, rows in _make(self._sizes).items():
                write_to_cache(_file(split, self._sizes), _as_parquet(rows))

    def rows(self, split: Split) -> list[Row]:
        """The recordings of a split, each with ``audio``, ``text`` and ``speaker``.

        Args:
            split: The split.
        """
        self.prepare()
        path = _file(split, self._sizes)
        return read_parquet(read_file(path), path)


def number_words(number: int) -> str:
    """An English number in words, such as ``three hundred and five``.

    Args:
        number: 0 to 999,999.
    """
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f" {_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{_ONES[number // 100]} hundred" + (f" and {number_words(number % 100)}" if number % 100 else "")
    joint = " and " if number % 1000 < 100 else " "
    return f"{number_words(number // 1000)} thousand" + (joint + number_words(number % 1000) if number % 1000 else "")


def ordinal_words(number: int) -> str:
    """An English ordinal number in words, such as ``twenty first``.

    Args:
        number: 1 to 99.
    """
    *before, last = number_words(number).split()
    last = f"{last[:-1]}ieth" if last.endswith("y") else _ORDINALS.get(last, f"{last}th")
    return " ".join([*before, last])


def year_words(year: int) -> str:
    """A year as it is said, such as ``nineteen eighty four``.

    Args:
        year: 1100 to 2099.
    """
    century, rest = divmod(year, 100)
    if century == 20 and rest < 10:
        return number_words(year)
    if rest == 0:
        return f"{number_words(century)} hundred"
    return f"{number_words(century)} {'oh ' if rest < 10 else ''}{number_words(rest)}"


def _recipe(sizes: Mapping[Split, int]) -> str:
    """A name for exactly what is made: these grammars, voices and numbers."""
    recipe = [sizes, _SEED, _RATE, _ACCENTS, _VOICES, _SENTENCES, _OPTIONS]
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:8]


def _file(split: Split, sizes: Mapping[Split, int]) -> Path:
    return cache_folder() / f"generated_speech-{_recipe(sizes)}" / f"{split}.parquet"


def _make(sizes: Mapping[Split, int]) -> dict[Split, list[Row]]:
    random = Random(_SEED)

    def choose(options: Sequence[Any]) -> Any:
        # Of Python's random numbers only these are the same in all its versions.
        return options[int(random.random() * len(options))]

    seen: set[str] = set()
    spoken: list[tuple[Split, Utterance]] = []
    for split, size in sizes.items():
        count = 0
        while count < size:
            text = _fill(choose(_SENTENCES), choose)
            if text in seen:
                continue
            seen.add(text)
            count += 1
            voice = f"{choose(_ACCENTS)}+{choose(_VOICES[split])}"
            how = (choose(range(120, 221)), choose(range(25, 76)), choose(range(30, 71)))
            spoken.append((split, Utterance(text, voice, *how)))
    rate, recordings = speak([utterance for _, utterance in spoken])
    splits: dict[Split, list[Row]] = {split: [] for split in SPLITS}
    # Of NumPy's random numbers only these are the same in all its versions.
    noise = np.random.RandomState(_SEED)
    for (split, utterance), samples in zip(spoken, recordings, strict=True):
        name = f"{split}_{len(splits[split]):04}.flac"
        audio = {"bytes": _as_flac(_in_a_room(samples, rate, noise)), "path": name}
        splits[split].append({"audio": audio, "text": utterance.text, "speaker": utterance.voice})
    return splits


def _fill(form: str, choose: _Choose) -> str:
    words = []
    for word in form.split():
        if not word.startswith("@"):
            words.append(word)
        elif word[1:] in _OPTIONS:
            words.append(_fill(choose(_OPTIONS[word[1:]]), choose))
        else:
            words.append(_number(word[1:], choose))
    return " ".join(words)


def _number(kind: str, choose: _Choose) -> str:
    if kind == "ordinal":
        return ordinal_words(choose(range(1, 32)))
    if kind == "year":
        return year_words(choose(range(1700, 2051)))
    if kind == "number":
        return number_words(choose(range(choose((20, 100, 1000, 10000)))))
    limits = {"digit": (0, 10), "hour": (1, 13), "minutes": (10, 60), "percent": (1, 101)}
    return number_words(choose(range(*limits[kind])))


def _in_a_room(samples: NDArray[np.int16], rate: int, random: np.random.RandomState) -> Samples:
    """A recording at `_RATE` with the echo of a small room and some noise, at most half as loud as can be."""
    import soxr

    dry = soxr.resample(samples.astype(np.float32) / 32768, rate, _RATE)
    # An echo that falls by 60 dB in 0.1 to 0.4 seconds.
    decay = random.uniform(0.1, 0.4)
    times = np.arange(int(decay * _RATE)) / _RATE
    echo = random.standard_normal(len(times)) * 10 ** (-3 * times / decay)
    echo *= random.uniform(0, 0.5) / np.sqrt((echo**2).sum())
    echo[0] += 1
    size = len(dry) + len(echo) - 1
    length = 1 << (size - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(dry, length) * np.fft.rfft(echo, length), length)[:size]
    loudness = np.sqrt(np.mean(wet**2)) * 10 ** (-random.uniform(15, 40) / 20)
    wet += loudness * random.standard_normal(size)
    return (wet * (random.uniform(0.1, 0.5) / np.abs(wet).max())).astype(np.float32)


def _as_flac(samples: Samples) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, samples, _RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _as_parquet(rows: list[Row]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    return file.getvalue()
