"""Spans to tags and back; spans of any tags as seqeval reads them."""

import hashlib
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.text.spans import Span, all_tags, check_entity_tags, spans, tag_spans
from rnnbench.errors import UserError
from rnnbench.tasks.labelling.models.legal import legal

KINDS = ["LOC", "PER"]


@st.composite
def texts(draw, kinds, gaps):
    """Spans of a text without overlap, in order, and its length."""
    found, end = [], 0
    for _ in range(draw(st.integers(0, 5))):
        start = end + (draw(st.integers(0, 3)) if gaps else 0)
        end = start + draw(st.integers(1, 4))
        found.append(Span(start, end, draw(st.sampled_from(kinds))))
    return found, end + (draw(st.integers(0, 3)) if gaps else 0)


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
@given(text=texts(KINDS, gaps=True))
def test_entities_come_back(scheme, text):
    found, length = text
    tags = tag_spans(found, length, scheme)
    assert len(tags) == length
    assert spans(tags) == found
    assert set(tags) <= set(all_tags(KINDS, scheme))
    assert is_legal(tags, all_tags(KINDS, scheme), scheme)


@given(text=texts([""], gaps=False))
def test_words_come_back(text):
    found, length = text
    tags = tag_spans(found, length, "bmes")
    assert spans(tags) == found
    assert set(tags) <= set("BMES")
    assert is_legal(tags, all_tags([""], "bmes"), "bmes")


def is_legal(tags, names, scheme):
    rules, ids = legal(names, scheme), [names.index(tag) for tag in tags]
    if not ids:
        return True
    steps = all(rules.transitions[a, b] for a, b in itertools.pairwise(ids))
    return bool(steps and rules.starts[ids[0]] and rules.ends[ids[-1]])


@pytest.mark.parametrize(("scheme", "kinds"), [("bio", KINDS), ("bioes", KINDS), ("bmes", [""])])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_legal_are_exactly_the_tags_that_some_spans_have(scheme, kinds, length):
    names = all_tags(kinds, scheme)
    for tags in itertools.product(names, repeat=length):
        assert is_legal(list(tags), names, scheme) == (tag_spans(spans(tags), length, scheme) == list(tags)), tags


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("I-PER I-PER O I-LOC", [(0, 2, "PER"), (3, 4, "LOC")]),  # IOB1, as the files of CoNLL-2003
        ("B-PER B-PER I-LOC", [(0, 1, "PER"), (1, 2, "PER"), (2, 3, "LOC")]),
        ("E-PER E-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("S-PER I-PER O", [(0, 1, "PER"), (1, 2, "PER")]),
        ("B-ORG M-ORG E-ORG S-ORG", [(0, 3, "ORG"), (3, 4, "ORG")]),
        ("O O", []),
        ("", []),
        ("M E B", [(0, 2, ""), (2, 3, "")]),
    ],
)
def test_tags_that_are_wrong_mean_something_too(tags, expected):
    assert spans(tags.split()) == expected


NAMES = ["O", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in KINDS)]


def test_spans_of_all_short_sequences_are_those_of_seqeval():
    """The checksum of what get_entities of seqeval 1.2.2 gives for the 6,561 sequences of four tags."""
    digest = hashlib.sha256()
    for tags in itertools.product(NAMES, repeat=4):
        digest.update(json.dumps(spans(tags)).encode())
    assert digest.hexdigest() == "38e4aaa6b3f2d44931dedbb4311852595f50dabb5437e59a0e72563dd7914344"


@given(tags=st.lists(st.sampled_from(NAMES), max_size=12))
def test_spans_are_those_of_seqeval(tags):
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    assert [(kind, start, end - 1) for start, end, kind in spans(tags)] == seqeval.get_entities(tags)


def test_other_tags_are_no_entities():
    check_entity_tags(["O", "B-PER", "M-a-b"], lambda: "x")
    for tag in ("NN", "B", "B-", "X-PER", "", "I_PER"):
        with pytest.raises(UserError, match="is no tag of an entity"):
            check_entity_tags(["O", tag], lambda: "x")
