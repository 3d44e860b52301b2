"""Data and models in a script: features, padding, batch composition, all the forms that tagged text has."""

from functools import partial

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU
from rnnbench.data.generated.news import GeneratedNews
from rnnbench.data.source import SPLITS, Source
from rnnbench.data.sources.files import Files
from rnnbench.data.text.spans import spans, tag_spans
from rnnbench.data.text.tokens import TokenEncoder
from rnnbench.errors import UserError
from rnnbench.nn import CharacterCNN, CharacterRNN, WordEmbedding
from rnnbench.tasks.labelling import MajorityTagger, MaximumMatching, Tagger, TaggingData
from rnnbench.tasks.labelling.text import show, split_text

SMALL = partial(Backbone, hidden_size=6, bidirectional=True)
WORD = partial(WordEmbedding, embedding_size=5)


class Rows(Source):
    """Rows of a test.

    Args:
        train: Those of training.
        other: Those of validation and test.
    """

    def __init__(self, train, other=None):
        self.splits = {"train": train, "validation": other or train, "test": other or train}

    dataset = "rows"

    def rows(self, split):
        return self.splits[split]


def ready(data, stage="fit"):
    data.setup(stage)
    return data


def tagger(data, **options):
    torch.manual_seed(0)
    model = Tagger(SMALL, WORD, bigram_size=3, **options)
    model.use_spec(data.spec)
    return model.eval()


OPTIONS = {
    "crf": {},
    "softmax": {"head": "softmax"},
    "cnn": {"characters": partial(CharacterCNN, filters=4)},
    "rnn": {"characters": partial(CharacterRNN, backbone=SMALL)},
    "free": {"constrained": False},
}


@pytest.fixture(params=OPTIONS)
def pair(request, names):
    """Data and a model of each kind."""
    data = ready(TaggingData(Files(str(names)), "entities", bigram_min_count=1))
    return data, tagger(data, **OPTIONS[request.param])


def test_what_stands_in_the_padding_changes_no_bit(pair):
    data, model = pair
    batch = next(iter(data.val_dataloader()))
    past = torch.arange(batch.x.shape[1]) >= batch.lengths[:, None]
    assert past.any()
    other = batch._replace(
        x=batch.x.masked_fill(past, 3),
        y=batch.y.masked_fill(past, 1),
        spelled=batch.spelled.masked_fill(past, 1),
        bigrams=batch.bigrams.masked_fill(torch.arange(past.shape[1] + 1) > batch.lengths[:, None], 4),
    )
    model.log = lambda *_, **__: None
    assert torch.equal(model(batch)[~past], model(other)[~past])
    assert torch.equal(model.predict_tags(batch)[~past], model.predict_tags(other)[~past])
    if model.crf is not None:
        assert torch.equal(model.training_step(batch, 0), model.training_step(other, 0))


def test_the_neighbours_in_a_batch_change_nothing(pair):
    data, model = pair
    sentences = [sentence.tokens for sentence in data.splits["validation"].sentences]
    together = model.tag(sentences, probabilities=True)
    for tokens, expected in list(zip(sentences, together, strict=True))[::5]:
        (alone,) = model.tag([tokens], probabilities=True)
        assert alone.tags == expected.tags
        assert alone.probabilities == pytest.approx(expected.probabilities, rel=1e-4)


def test_entities_of_a_crf_are_always_whole(names):
    data = ready(TaggingData(Files(str(names)), "entities"))
    model = tagger(data)
    torch.nn.init.normal_(model.output.weight, std=9.0)
    for _, tags, _ in model.tag([sentence.tokens for sentence in data.splits["validation"].sentences]):
        assert tag_spans(spans(tags), len(tags), "bioes") == tags


def test_probabilities_of_a_position_sum_to_one(pair):
    data, model = pair
    batch = next(iter(data.val_dataloader()))
    shares = [model.tag_probabilities(batch, torch.full_like(batch.x, tag)) for tag in range(len(model.tags))]
    total = torch.stack(shares).sum(0)
    valid = torch.arange(batch.x.shape[1]) < batch.lengths[:, None]
    torch.testing.assert_close(total[valid], torch.ones(int(valid.sum())), rtol=1e-4, atol=1e-4)


def test_one_data_set_in_four_forms(tmp_path):
    """Text, words with parts of speech, characters with B/M/E/S, in JSON lines or not: the same sentences."""
    train = [["我", "爱", "北京"], ["天安门", "在", "北京"]]
    text = Rows([{"text": "我  爱 北京\n\n天安门 在 北京\n"}])
    tagged = Rows([{"tokens": words, "tags": ["n"] * len(words)} for words in train])
    characters = Rows(
        [{"tokens": list("我爱北京"), "tags": list("SSBE")}, {"tokens": list("天安门在北京"), "tags": list("BMESBE")}]
    )
    read = [
        ready(TaggingData(source, "segmentation")).splits["train"].sentences for source in (text, tagged, characters)
    ]
    assert list(read[0]) == list(read[1]) == list(read[2])
    assert read[0][1] == (list("天安门在北京"), list("BMESBE"))


def test_entities_in_any_scheme_are_the_same(names):
    tokens, wanted = ["a", "b", "c", "d"], ["B-X", "E-X", "S-X", "O"]
    for tags in (["B-X", "I-X", "B-X", "O"], ["I-X", "I-X", "B-X", "O"], ["B-X", "E-X", "S-X", "O"]):
        data = ready(TaggingData(Rows([{"tokens": tokens, "tags": tags}]), "entities"))
        assert data.splits["train"].sentences[0].tags == wanted
        assert data.tags == ["O", "B-X", "I-X", "E-X", "S-X"]
    bio = ready(TaggingData(Rows([{"tokens": tokens, "tags": ["B-X", "I-X", "B-X", "O"]}]), "entities", scheme="bio"))
    assert bio.tags == ["O", "B-X", "I-X"]


def test_new_words_and_new_tokens_are_marked():
    train, other = [{"tokens": ["我", "爱"], "tags": ["r", "v"]}], [{"tokens": ["我", "看书"], "tags": ["r", "v"]}]
    words = ready(TaggingData(Rows(train, other), "segmentation"))
    assert next(iter(words.val_dataloader())).novel.tolist() == [[False, True, False]]
    tokens = ready(TaggingData(Rows(train, other), "tags"))
    assert next(iter(tokens.val_dataloader())).novel.tolist() == [[False, True]]


def test_features():
    encoder = TokenEncoder.train(
        [["Ｔｈｅ", "cat", "1998"]], lowercase=True, zero_digits=True, min_count=1, bigram_min_count=1
    )
    assert encoder.tokens.tokens[4:] == ["0000", "cat", "the"]
    assert encoder.missing(["THE", "2024", "dog", "dog"]) == ["dog"]
    batch = encoder.batch([["The", "the", "The"], ["9"]])
    assert batch.x.tolist() == [[6, 6, 6], [1, 0, 0]]
    assert batch.spelled.tolist() == [[0, 1, 0], [2, 0, 0]]
    assert batch.character_lengths.tolist() == [3, 3, 1]
    assert batch.bigrams.shape == (2, 4)
    again = TokenEncoder.from_state(encoder.state())
    assert all(torch.equal(a, b) for a, b in zip(batch, again.batch([["The", "the", "The"], ["9"]]), strict=True)
               if isinstance(a, torch.Tensor))  # fmt: skip


@pytest.mark.parametrize(("task", "tokens"), [("segmentation", "我 爱北 京"), ("tags", "我 爱"), ("entities", "a b c")])
def test_text_comes_back(task, tokens):
    of_characters = task == "segmentation"
    split = split_text(tokens, of_characters)
    tags = {"segmentation": list("SBES"), "tags": ["r", "v"], "entities": ["O", "B-X", "E-X"]}[task]
    shown = show(tokens, split, tags, task, of_characters)
    # A word may not go beyond a space that was there.
    assert shown == {"segmentation": "我 爱北 京", "tags": "我/r 爱/v", "entities": "a [X b c]"}[task]


def test_a_model_of_ones_own_cell_and_its_name(names):
    data = ready(TaggingData(Files(str(names)), "entities"))
    model = Tagger(partial(Backbone, cell=GRU, hidden_size=6, num_layers=2), WORD, head="softmax")
    model.use_spec(data.spec)
    assert model.model_name() == "GRU 2x6"
    assert tagger(data, characters=partial(CharacterCNN)).model_name() == "BiLSTM-CRF 1x6, CharacterCNN"


@pytest.mark.parametrize("characters", [None, partial(CharacterCNN, filters=4), CharacterRNN])
def test_operations_are_those_of_a_word_of_five_letters(names, characters):
    data = ready(TaggingData(Files(str(names)), "entities"))
    # Residual connections between layers of different widths have products of their own.
    stack = partial(SMALL, num_layers=2, connect="residual", engine="reference")
    if characters is CharacterRNN:
        characters = partial(CharacterRNN, backbone=stack)
    model = Tagger(stack, WORD, characters=characters, head="softmax")
    model.use_spec(data.spec)
    batch = model.encoder.batch([["abcde"]])
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(batch)
    assert model.flops_per_token() == counter.get_total_flops()


def test_baselines_by_hand():
    train = [{"text": "北京 人 爱 北京\n人民 爱 人民 日报"}]
    data = ready(TaggingData(Rows(train, [{"text": "北京人 民日报"}]), "segmentation"))
    matching, majority = MaximumMatching(), MajorityTagger()
    for model in (matching, majority):
        model.use_spec(data.spec)
        for batch in data.train_dataloader():
            model.training_step(batch, 0)
    # The longest word from the left.
    line = "北京人民爱日报报"
    (tagged,) = matching.tag([list(line)])
    assert show(line, *tagged[:2], "segmentation", True) == "北京 人民 爱 日报 报"
    assert matching.num_parameters() == 5
    (tagged,) = majority.tag([list("爱京爱新")], probabilities=True)
    assert "".join(tagged.tags[:3]) == "SES"
    assert tagged.probabilities[:3] == [1.0, 1.0, 1.0]
    with pytest.raises(UserError, match="knows no probabilities"):
        matching.tag([["爱"]], probabilities=True)


@pytest.mark.parametrize(("options", "wanted"), [({"nouns": 0}, "80d8c01585c6"), ({}, "8472f6c1bb20")])
def test_the_generated_news(options, wanted):
    source = GeneratedNews(**options)
    rows = {split: source.rows(split) for split in SPLITS}
    assert [len(rows[split]) for split in SPLITS] == [3000, 400, 400]
    assert len({" ".join(row["tokens"]) for split in SPLITS for row in rows[split]}) == 3800
    assert rows["train"][0] == GeneratedNews(**options).rows("train")[0]
    assert ready(TaggingData(source, "entities")).fingerprint == wanted


def test_a_noun_of_the_generated_news_belongs_to_one_kind_and_some_are_in_no_sentence_of_training():
    source = GeneratedNews()
    kinds: dict[str, set[str]] = {}
    for row in source.rows("train"):
        pairs = zip(row["tokens"], row["tags"][1:], strict=False)
        for word, tag in ((word, tag) for word, tag in pairs if word.isalpha() and word.islower() and len(word) > 6):
            kinds.setdefault(word, set()).add(tag[2:])
    told = {word: tags for word, tags in kinds.items() if "" not in tags and word not in ("between", "theatre")}
    assert len(told) > 400
    assert all(len(tags) == 1 for tags in told.values())
    known = {word for row in source.rows("train") for word in row["tokens"]}
    unknown = [row for row in source.rows("test") if any(w.islower() and w not in known for w in row["tokens"])]
    assert 0.1 < len(unknown) / 400 < 0.25
