import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.source import SPLITS
from rnnbench.data.sources.contiguous import check_fractions, part
from rnnbench.errors import UserError

shares = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(
    lambda cuts: (min(cuts) / 1000, (max(cuts) - min(cuts)) / 1000, 1 - max(cuts) / 1000)
)


@given(st.text(), shares)
def test_nothing_is_lost_and_nothing_comes_twice(text, fractions):
    check_fractions(fractions, where="here")
    assert "".join(text[part(len(text), fractions, split)] for split in SPLITS) == text


@given(st.integers(0, 10**7), shares)
def test_shares_are_right_to_one_item(length, fractions):
    for split, fraction in zip(SPLITS, fractions, strict=True):
        piece = part(length, fractions, split)
        assert abs(piece.stop - piece.start - length * fraction) <= 1 + 1e-6 * length


def test_a_share_is_not_moved_by_binary_fractions():
    # 0.29 * 100 is 28.999... in binary, and 0.9 + 0.05 + 0.05 would leave the end to chance.
    assert [part(100, (0.29, 0.28, 0.43), split) for split in SPLITS] == [slice(0, 29), slice(29, 57), slice(57, 100)]


@pytest.mark.parametrize("fractions", [(0.9, 0.1, 0.1), (0.5, 0.2, 0.2), (1.1, -0.1, 0.0), (float("nan"), 0.5, 0.5)])
def test_wrong_fractions_are_refused(fractions):
    with pytest.raises(UserError) as caught:
        check_fractions(fractions, where="--data.source.fractions")
    assert caught.value.where == "--data.source.fractions"
    assert "0.9,0.05,0.05" in caught.value.hint
