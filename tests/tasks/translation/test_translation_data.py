"""Sentence pairs as batches, from good and bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch import seed_everything

from rnnbench.data.generated.pairs import GeneratedPairs
from rnnbench.data.source import SPLITS, Source
from rnnbench.data.sources.files import Files
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.errors import UserError
from rnnbench.tasks.base.pairs.data import encode_source, encode_target
from rnnbench.tasks.translation import TranslationData

GERMAN = ["Ein Mann schläft.", "Zwei Hunde, ein Ball!", "Der Ball ist rot.", "Ein roter Ball", "Zwei Männer"]
ENGLISH = ["A man's asleep.", "Two dogs, a ball!", "The ball is red.", "A red ball", "Two men"]


class Pairs(Source):
    """The same pairs in every split, or others where they are given."""

    dataset = "toy"

    def __init__(self, pairs=None, **splits):
        self.pairs = {split: splits.get(split, pairs or list(zip(GERMAN, ENGLISH, strict=True))) for split in SPLITS}

    def rows(self, split):
        return [{"translation": {"de": de, "en": en}} for de, en in self.pairs[split]]


def data(source=None, stage="fit", **options):
    made = TranslationData(source or Pairs(), **options)
    made.setup(stage)
    return made


def error(*arguments, **options):
    with pytest.raises(UserError) as caught:
        data(*arguments, **options)
    assert len(str(caught.value).splitlines()) <= 3
    return str(caught.value)


def check_batch(read, batch):
    """A batch holds the ids of its pairs and nothing else."""
    source, target = read.source_encoder, read.target_encoder
    assert batch.tokens == int(batch.target_lengths.sum())
    for row, i in enumerate(batch.ids.tolist()):
        s, t = int(batch.source_lengths[row]), int(batch.target_lengths[row])
        pair = read.pairs("train")[i]
        assert torch.equal(batch.source[row, :s], encode_source(source, pair.source))
        assert torch.equal(batch.target[row, : t + 1], encode_target(target, pair.target))
        assert (batch.source[row, s:] == TextEncoder.pad).all()
        assert (batch.target[row, t + 1 :] == TextEncoder.pad).all()


def test_batches_begin_and_end_as_they_have_to():
    read = data()
    batch = next(iter(read.train_dataloader()))
    assert len(batch.ids) == 5
    check_batch(read, batch)
    assert (batch.target[:, 0] == TextEncoder.begin).all()
    last = batch.target[torch.arange(5), batch.target_lengths]
    assert (last == TextEncoder.end).all()
    assert (batch.source[torch.arange(5), batch.source_lengths - 1] == TextEncoder.end).all()


def test_every_pair_once_an_epoch_in_batches_within_the_budget():
    seed_everything(3)
    read = data(GeneratedPairs(train=300, held_out=30), source_unit="word", target_unit="word", max_tokens=200)
    seen = []
    for batch in read.train_dataloader():
        check_batch(read, batch)
        assert len(batch.ids) * (int(batch.source_lengths.max()) + int(batch.target_lengths.max())) <= 200
        seen += batch.ids.tolist()
    assert sorted(seen) == list(range(300))
    assert 0 < read.details()["padding"] < 0.2
    # Evaluation, in which the target counts as well.
    assert sorted(i for batch in read.val_dataloader() for i in batch.ids.tolist()) == list(range(30))


def test_the_largest_batch_is_as_large_as_any_of_an_epoch():
    read = data(GeneratedPairs(train=300, held_out=30), max_tokens=300)
    loader = read.train_dataloader()
    sizes = [batch.source.numel() + batch.target.numel() - len(batch.ids) for batch in loader]
    largest = loader.largest_batch()
    assert largest.source.numel() + largest.target.numel() - len(largest.ids) >= max(sizes)
    assert loader.size_options() == "--data.max_tokens (now 300)"


@pytest.mark.parametrize("unit", ["reversible", "char", "byte"])
def test_what_was_encoded_is_put_together_again_for_the_scores(unit):
    read = data(target_unit=unit, source_unit=unit)
    for batch in read.val_dataloader():
        for row, i in enumerate(batch.ids.tolist()):
            assert read.target_encoder.decode(batch.target[row].tolist()) == read.pairs("validation")[i].target


def test_roles_units_case_and_counts():
    read = data(source_language="en", target_language="de", source_unit="word", target_unit="char", lowercase=True)
    assert read.source_encoder.encode("A red ball").tolist() == read.source_encoder.encode("a RED ball").tolist()
    assert read.pairs("train")[0].target == "Ein Mann schläft."
    assert read.details()["languages"] == "en-de"
    assert len(read.target_encoder) < 40
    assert len(data(min_count=2).source_encoder) < len(data().source_encoder)
    assert len(data(max_vocabulary=6).source_encoder) == 6


@pytest.mark.parametrize("unit", ["bpe", "unigram"])
def test_subwords_of_one_language_each_or_of_both(unit):
    options = {"source_unit": unit, "target_unit": unit, "max_vocabulary": 60}
    apart, joint = data(**options), data(joint=True, **options)
    assert apart.source_encoder.tokens != apart.target_encoder.tokens
    assert joint.source_encoder.tokens == joint.target_encoder.tokens
    assert joint.spec["joint"]
    assert joint.target_encoder.decode(joint.target_encoder.encode("A man's asleep.")) == "A man's asleep."


def test_the_spec_makes_the_same_encoders():
    spec = json.loads(json.dumps(data(lowercase=True).spec))
    encoder = TextEncoder.from_state(spec["source"])
    assert encoder.encode("Zwei Hunde").tolist() == data(lowercase=True).source_encoder.encode("Zwei Hunde").tolist()
    assert (spec["source_language"], spec["target_language"], spec["dataset"]) == ("de", "en", "toy")


def test_the_fingerprint_is_that_of_the_pairs_and_of_the_direction():
    assert data().fingerprint == data(lowercase=True, stage="test").fingerprint
    other = [data(source_language="en", target_language="de"), data(Pairs(test=[("Rot", "red")]))]
    assert len({data().fingerprint, *(one.fingerprint for one in other)}) == 3


def test_known_alignments_stay_only_where_words_are_the_tokens():
    source = GeneratedPairs(train=20, held_out=5)
    read = data(source, source_unit="word", target_unit="word")
    assert all(len(pair.alignment) == len(pair.target.split()) for pair in read.pairs("validation"))
    for units in (("reversible", "word"), ("word", "char")):
        read = data(source, source_unit=units[0], target_unit=units[1])
        assert all(pair.alignment is None for pair in read.pairs("validation"))


def test_reading_says_nothing_about_good_data(capsys):
    data()
    assert capsys.readouterr().out == ""


# Bad input


def test_an_empty_line_is_left_out_of_training_and_kept_elsewhere(capsys):
    source = Pairs([("Rot", "red"), ("", ""), ("Ein Ball", ""), ("Zwei", "two")])
    read = data(source)
    assert "train: 2 of 4 samples dropped, an empty line: 1, 2" in capsys.readouterr().out
    assert [pair.source for pair in read.pairs("train")] == ["Rot", "Zwei"]
    assert len(read.pairs("validation")) == 4
    batch = next(iter(read.val_dataloader()))
    rows = {i: row for row, i in enumerate(batch.ids.tolist())}
    assert sorted(rows) == [0, 1, 2, 3]
    assert int(batch.source_lengths[rows[1]]) == int(batch.target_lengths[rows[1]]) == 1
    assert batch.source[rows[1]].tolist()[0] == TextEncoder.end


def test_only_empty_lines_are_no_training_data():
    assert "no pair of train has text on both sides" in error(Pairs(train=[("", "a"), ("b", "")]))


def test_a_source_of_ten_thousand_words(capsys):
    long = ("Wort " * 10_000, "word")
    pairs = list(zip(GERMAN, ENGLISH, strict=True))
    assert "raise it, or leave long samples out with data.max_length" in error_of_loading(Pairs([*pairs, long]))
    read = data(Pairs([*pairs, long]), max_length=50)
    assert "train: 1 of 6 samples dropped, longer than 50: 5" in capsys.readouterr().out
    assert len(read.pairs("train")) == 5
    # Nothing is left out of what is scored: the long one is a batch of its own.
    sizes = [batch.source.shape for batch in read.val_dataloader()]
    assert sizes[0] == (1, 10_001)
    assert sum(rows for rows, _ in sizes) == 6


def error_of_loading(source):
    read = data(source)
    with pytest.raises(UserError) as caught:
        read.train_dataloader()
    return str(caught.value)


def test_a_limit_that_leaves_nothing():
    assert "every sample of train is longer than 1" in error(max_length=1)


def test_characters_never_seen_are_unknown():
    read = data(Pairs(validation=[("Ｚｗｅｉ 狗 𝄞", "狗")]), source_unit="char")
    batch = next(iter(read.val_dataloader()))
    assert (batch.source == TextEncoder.unknown).sum() > 2
    assert batch.target[0].tolist() == [TextEncoder.begin, TextEncoder.unknown, TextEncoder.end]


def test_a_target_vocabulary_of_one_word():
    read = data(Pairs([("Ein Ball", "x x"), ("Rot", "x")]))
    assert read.target_encoder.tokens[4:] == ["x"]
    assert data(Pairs([("a", "x x"), ("b", "y")]), min_count=2).target_encoder.tokens[4:] == ["x"]


def test_a_language_that_is_not_there_names_the_near_one():
    assert "name it: --data.columns '{deu: de}'" in error(source_language="deu")
    message = error(target_language="fr")
    assert "no language 'fr'; the columns there: de, en" in message
    assert "--data.target_language" in message


def test_a_record_that_is_no_pair_is_named():
    Path("set").mkdir()
    for split in SPLITS:
        Path("set", f"{split}.jsonl").write_text('{"de": "a", "en": "b"}\n{"de": "a", "en": 3}\n')
    assert "set/train.jsonl, line 2" in error(Files("set"))
    for split in SPLITS:
        Path("set", f"{split}.jsonl").write_text('{"translation": "a"}\n')
    assert "'translation' holds no text for each language but str" in error(Files("set"))


def test_unequal_numbers_of_lines_in_two_files():
    Path("set").mkdir()
    for split in SPLITS:
        Path("set", f"{split}.de").write_text("a\nb\n")
        Path("set", f"{split}.en").write_text("c\n")
    message = error(Files("set"))
    assert "train.de has 2 lines and train.en has 1 lines" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source_language": "en"}, "source and target are both 'en'"),
        ({"joint": True, "target_unit": "char"}, "one vocabulary cannot hold reversible of the source and char"),
        ({"source_unit": "bpe"}, "bpe needs the size of its vocabulary"),
        ({"max_length": 0}, "must be at least 1"),
        ({"max_tokens": None}, "a batch needs a limit"),
        ({"min_count": 0}, "vocabulary"),
        ({"source_unit": "words"}, "did you mean: word"),
    ],
)
def test_bad_options(options, message):
    assert message in error(**options)


# Real data


@pytest.mark.data
def test_multi30k_comes_back_exactly(real_data):
    source = Files(str(real_data / "multi30k/en-de"), test="test", card="multi30k")
    read = data(source, stage="test")
    assert len(read.pairs("test")) == 1000
    batches = list(read.test_dataloader())
    assert sorted(np.concatenate([batch.ids for batch in batches]).tolist()) == list(range(1000))
    encoder = TextEncoder.train("reversible", [pair.target for pair in read.pairs("test")])
    assert all(encoder.decode(encoder.encode(pair.target)) == pair.target for pair in read.pairs("test"))
    other = data(Files(str(real_data / "multi30k/en-de"), test="test_2018", card="multi30k"), stage="test")
    assert len(other.pairs("test")) == 1071


@pytest.mark.data
def test_tatoeba_is_read_by_characters(real_data):
    source = Files(str(real_data / "tatoeba/en-zh"), card="tatoeba")
    read = data(source, stage="test", source_language="en", target_language="zh", target_unit="char")
    assert len(read.pairs("test")) == 607
