"""Translation metrics against sacreBLEU called directly, and by hand."""

import math

import pytest
import sacrebleu
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.generated.pairs import GeneratedPairs
from rnnbench.errors import UserError
from rnnbench.tasks.base import Items
from rnnbench.tasks.translation.metrics import CorpusTranslations, count_aligned, signatures, translation_metrics
from rnnbench.tasks.translation.pairs import Pair, read_pairs

REFERENCES = ["A man's dog is running.", "Two cats sleep on a red mat.", "", "He said: no."]
HYPOTHESES = ["a man's dog  runs .", "Two cats sleep on the mat.", "", "He said: no."]
N = len(REFERENCES)


def score(hypotheses, references, language="en", **options):
    values = torch.tensor([[1.0, 2.0, *[0] * 6]] * len(references), dtype=torch.float64)
    items = Items(list(range(len(references))), values, list(hypotheses))
    return translation_metrics(items, references, language, **options)


def test_scores_are_those_of_sacrebleu():
    found = score(HYPOTHESES, REFERENCES)
    assert found["bleu"] == pytest.approx(sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES]).score, rel=1e-12)
    assert found["chrf"] == pytest.approx(sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score, rel=1e-12)
    cased = sacrebleu.metrics.TER(case_sensitive=True).corpus_score(HYPOTHESES, [REFERENCES]).score
    assert found["ter"] == pytest.approx(cased, rel=1e-12)
    assert found["exact"] == 0.5


def test_case_is_ignored_where_the_data_are_lower_cased():
    lower, upper = [text.lower() for text in HYPOTHESES], [text.upper() for text in REFERENCES]
    found = score(lower, upper, lowercase=True)
    assert found["bleu"] == pytest.approx(sacrebleu.corpus_bleu(lower, [upper], lowercase=True).score, rel=1e-12)
    assert found["bleu"] > 30
    assert found["exact"] == 0.5
    assert "case:lc" in signatures("en", lowercase=True)["bleu"]
    assert "case:lc" in signatures("en", lowercase=True)["chrf"]
    assert "case:lc" in signatures("en", lowercase=True)["ter"]


@pytest.mark.parametrize("language", ["zh", "zh-TW", "zh_cn", "cmn"])
def test_chinese_is_scored_by_characters(language):
    hypotheses, references = ["我有一只猫。", "今天天气好"], ["我有一只狗。", "今天天气很好"]
    found = score(hypotheses, references, language)
    assert found["bleu"] == pytest.approx(sacrebleu.corpus_bleu(hypotheses, [references], tokenize="zh").score)
    # As single words without a space the sentences would have nothing in common.
    assert found["bleu"] > 40
    assert found["ter"] < 50
    assert "tok:zh" in signatures(language)["bleu"]


def test_signatures_tell_apart_what_is_computed_apart():
    found = signatures("en")
    assert found["bleu"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert set(found) == {"bleu", "chrf", "ter"}
    assert "nc:6|nw:0" in found["chrf"]
    assert "tok:char" in signatures("ja")["bleu"]


def test_perplexities():
    values = torch.tensor([[6.0, 3.0, *[0] * 6], [4.0, 2.0, *[0] * 6]], dtype=torch.float64)
    found = translation_metrics(Items([0, 1], values, ["", ""]), ["abcd", "ab"], "en")
    assert found["perplexity"] == pytest.approx(math.exp(10 / 5))
    # Four and two letters, and two ends.
    assert found["character_perplexity"] == pytest.approx(math.exp(10 / 8))
    assert "alignment_accuracy" not in found


@given(order=st.permutations(range(N)), size=st.integers(1, N))
def test_however_a_split_is_cut_the_scores_are_the_same_to_the_bit(order, size):
    def rnnbench(order, size):
        corpus = CorpusTranslations()
        for start in range(0, N, size):
            ids = order[start : start + size]
            nats = torch.tensor([0.1 * (i + 1) for i in ids], dtype=torch.float64)
            aligned = torch.tensor([[float(i), i + 1.0, i, i + 0.5, i + 1, i + 2] for i in ids], dtype=torch.float64)
            lengths = torch.tensor([i + 1 for i in ids])
            corpus.update(torch.tensor(ids), nats, lengths, [HYPOTHESES[i] for i in ids], aligned)
        return translation_metrics(corpus.compute(), REFERENCES, "en")

    assert rnnbench(order, size) == rnnbench(list(range(N)), N)


# Alignment


def test_attention_is_right_where_it_looks_at_a_word_that_says_the_same():
    alignment = (frozenset({0}), frozenset(), frozenset({1, 2}))
    weights = torch.tensor(
        [
            [0.4, 0.3, 0.0, 0.9],  # right, though the end mark has more
            [0.0, 0.9, 0.1, 0.0],  # a word that says nothing
            [0.5, 0.1, 0.4, 0.0],  # wrong
            [0.9, 0.0, 0.0, 0.1],  # the end
        ]
    )
    pair = Pair("a b c", "x y z", alignment)
    # Links of the model: of the second word and of the third, both wrong; three are sure.
    assert count_aligned(weights[None], torch.tensor([4]), [pair]).tolist() == [[1, 2, 0, 0, 2, 3]]
    weights[2, 2] = 0.6
    assert count_aligned(weights[None], torch.tensor([4]), [pair]).tolist() == [[2, 2, 1, 1, 2, 3]]
    possible = pair._replace(possible=(frozenset({0}), frozenset({1}), frozenset({1, 2})))
    assert count_aligned(weights[None], torch.tensor([4]), [possible]).tolist() == [[2, 2, 1, 2, 2, 3]]


def test_padding_and_pairs_without_an_alignment_change_nothing():
    alignment = (frozenset({0}),)
    weights = torch.zeros(3, 6, 7)
    weights[:, :, 5] = 1.0  # beyond the end of the first one
    pair = Pair("a b", "x", alignment)
    counts = count_aligned(weights, torch.tensor([3, 7, 1]), [pair, None, pair])
    assert counts.tolist() == [[1, 1, 1, 1, 1, 1], [0] * 6, [0] * 6]


def test_the_alignment_error_rate_is_that_of_och_and_ney():
    """|A| = 4, |S| = 3, |A in S| = 2, |A in P| = 3: AER = 1 - 5 / 7."""
    values = torch.tensor([[6.0, 3.0, 2, 3, 2, 3, 4, 3]], dtype=torch.float64)
    found = translation_metrics(Items([0], values, ["a"]), ["a"], "en")
    assert found["alignment_error_rate"] == pytest.approx(2 / 7)
    assert found["alignment_accuracy"] == pytest.approx(2 / 3)


def test_links_are_read_from_a_column():
    rows = [{"de": "ja das ist es", "en": "yes it is", "alignment": "0-0 1?1 3-1 2p2"}]
    (pair,) = read_pairs(rows, "de", "en", str)
    assert pair.alignment == (frozenset({0}), frozenset({3}), frozenset())
    assert pair.possible == (frozenset({0}), frozenset({1, 3}), frozenset({2}))


@pytest.mark.parametrize(
    ("links", "problem"),
    [
        ("0-0 1:1", "'1:1' is no link of two words"),
        ("4-0", "the source has 4 words, the target 3"),
        (7, "no text but int"),
    ],
)
def test_links_that_are_none_name_their_record(links, problem):
    with pytest.raises(UserError, match=problem) as raised:
        read_pairs([{"de": "ja das ist es", "en": "yes it is", "alignment": links}], "de", "en", "line {}".format)
    assert raised.value.where == "line 0"


@pytest.mark.parametrize(("source", "target"), [("de", "en"), ("en", "zh"), ("fr", "de"), ("zh", "fr")])
def test_true_alignments_reach_all_of_it_and_their_reverse_does_not(source, target):
    rows = GeneratedPairs(train=1, held_out=60).rows("test")
    pairs = read_pairs(rows, source, target, str)
    lengths = torch.tensor([len(pair.source.split()) + 1 for pair in pairs])
    wide, long = int(lengths.max()), max(len(pair.alignment) for pair in pairs)
    weights = torch.full((len(pairs), long, wide), 0.1)
    for row, pair in enumerate(pairs):
        assert len(pair.alignment) == len(pair.target.split())
        for place, links in enumerate(pair.alignment):
            weights[row, place, list(links)] = 1.0
    right, counted, sure, possible, made, _ = count_aligned(weights, lengths, pairs).sum(0).tolist()
    assert right == counted == sure == possible > 200
    assert made >= counted
    # Looking everywhere alike is looking at the first word.
    right, counted, *_ = count_aligned(torch.ones_like(weights), lengths, pairs).sum(0).tolist()
    assert right < 0.5 * counted
