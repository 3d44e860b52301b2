"""The conditional random field against all paths, counted one by one."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.nn.crf import Legal, LinearChainCRF


def random_crf(tags, seed, legal=None):
    generator = torch.Generator().manual_seed(seed)
    crf = LinearChainCRF(tags, legal).double()
    for parameter in crf.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return crf, generator


def path_score(crf, emissions, path):
    """By the definition; emissions ``(T, K)``. None for a path that is not allowed."""
    if not path:
        return emissions.new_zeros(())
    steps = list(itertools.pairwise(path))
    legal = [crf.legal_starts[path[0]], crf.legal_ends[path[-1]], *(crf.legal_transitions[a, b] for a, b in steps)]
    if not all(legal):
        return None
    total = crf.starts[path[0]] + crf.ends[path[-1]]
    for a, b in steps:
        total = total + crf.transitions[a, b]
    for t, tag in enumerate(path):
        total = total + emissions[t, tag]
    return total


def all_paths(crf, emissions):
    """Every path that is allowed, with its score."""
    paths = itertools.product(range(emissions.shape[1]), repeat=len(emissions))
    scored = [(path, path_score(crf, emissions, path)) for path in paths]
    return [(path, score) for path, score in scored if score is not None]


def some_legal(tags, seed):
    """A random choice that leaves the first tag free to follow itself, so that some path always exists."""
    generator = torch.Generator().manual_seed(seed)
    legal = Legal(*(torch.rand(shape, generator=generator) < 0.6 for shape in [(tags, tags), (tags,), (tags,)]))
    legal.transitions[0, 0] = legal.starts[0] = legal.ends[0] = True
    return legal


sizes = given(
    tags=st.integers(1, 4), lengths=st.lists(st.integers(0, 4), min_size=1, max_size=3), seed=st.integers(0, 10**6),
    constrained=st.booleans(),
)  # fmt: skip


@sizes
@settings(max_examples=40)
def test_against_all_paths(tags, lengths, seed, constrained):
    crf, generator = random_crf(tags, seed, some_legal(tags, seed) if constrained else None)
    steps = max(*lengths, 1)
    emissions = torch.randn(len(lengths), steps, tags, generator=generator, dtype=torch.float64, requires_grad=True)
    sizes = torch.tensor(lengths)
    partition = crf.log_partition(emissions, sizes)
    decoded = crf.decode(emissions, sizes)
    marginals = crf.marginals(emissions, sizes)
    for row, length in enumerate(lengths):
        paths = all_paths(crf, emissions[row, :length])
        scores = torch.stack([score for _, score in paths])
        expected = torch.logsumexp(scores, 0)
        torch.testing.assert_close(partition[row], expected, rtol=1e-9, atol=1e-9)
        if length:
            # All of the gradient: with regard to the emissions and to each parameter.
            wanted = [emissions, *crf.parameters()]
            for one, other in zip(
                torch.autograd.grad(partition[row], wanted, retain_graph=True, allow_unused=True),
                torch.autograd.grad(expected, wanted, retain_graph=True, allow_unused=True), strict=True,
            ):  # fmt: skip
                one, other = (torch.zeros(1).double() if g is None else g for g in (one, other))
                torch.testing.assert_close(*torch.broadcast_tensors(one, other), rtol=1e-8, atol=1e-9)
        best, _ = max(paths, key=lambda pair: pair[1].item())
        assert tuple(decoded[row, :length].tolist()) == best
        assert decoded[row, length:].eq(0).all()
        probabilities = torch.softmax(scores.detach(), 0)
        for t in range(length):
            for tag in range(tags):
                share = sum(p for (path, _), p in zip(paths, probabilities, strict=True) if path[t] == tag)
                assert marginals[row, t, tag].item() == pytest.approx(float(share), abs=1e-9)
        assert marginals[row, length:].eq(0).all()
        path = torch.zeros(1, steps, dtype=torch.int64)
        path[0, :length] = torch.tensor(paths[-1][0])
        likelihood = crf.log_likelihood(emissions[row : row + 1], path, sizes[row : row + 1])
        torch.testing.assert_close(likelihood[0], scores[-1] - expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("filling", [0.0, 1e30, float("nan"), float("inf")])
def test_what_stands_in_the_padding_changes_no_bit(filling):
    crf, generator = random_crf(3, 1)
    crf.float()
    lengths = torch.tensor([5, 2, 0, 4])
    emissions = torch.randn(4, 5, 3, generator=generator)
    tags = torch.randint(3, (4, 5), generator=generator)
    padding = torch.arange(5) >= lengths[:, None]
    other = emissions.masked_fill(padding[..., None], filling)

    def everything(e, y):
        e = e.clone().requires_grad_()
        likelihood = crf.log_likelihood(e, y, lengths)
        gradients = torch.autograd.grad(likelihood.sum(), [e, *crf.parameters()])
        return [likelihood, crf.decode(e, lengths), crf.marginals(e, lengths), *gradients]

    for a, b in zip(everything(emissions, tags), everything(other, tags.masked_fill(padding, -100)), strict=True):
        assert torch.equal(a, b)


def test_a_sequence_alone_and_in_a_batch():
    crf, generator = random_crf(4, 2)
    emissions = torch.randn(3, 7, 4, generator=generator, dtype=torch.float64)
    lengths = torch.tensor([7, 3, 5])
    together = crf.log_partition(emissions, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone = crf.log_partition(emissions[row : row + 1, :length], lengths[row : row + 1])
        torch.testing.assert_close(alone[0], together[row], rtol=1e-12, atol=1e-12)


def test_gradients_numerically():
    crf, generator = random_crf(3, 3)
    emissions = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    tags, lengths = torch.randint(3, (2, 4), generator=generator), torch.tensor([4, 2])
    assert torch.autograd.gradcheck(lambda e: crf.log_likelihood(e, tags, lengths), (emissions,))


def test_a_long_text_is_decoded_as_exactly_as_a_short_one():
    """Without weights between tags the best path is the best tag of each position, however long the text."""
    crf = LinearChainCRF(4)
    emissions = torch.rand(1, 4000, 4, generator=torch.Generator().manual_seed(0)) * 100
    assert torch.equal(crf.decode(emissions, torch.tensor([4000])), emissions.argmax(2))


def test_an_illegal_path_has_probability_zero():
    legal = Legal(torch.tensor([[True, False], [True, True]]), torch.tensor([True, True]), torch.tensor([True, True]))
    crf = LinearChainCRF(2, legal)
    emissions, lengths = torch.zeros(1, 2, 2), torch.tensor([2])
    assert crf.log_likelihood(emissions, torch.tensor([[0, 1]]), lengths).exp().item() == 0
    # Three paths are left, all alike.
    assert crf.log_likelihood(emissions, torch.tensor([[1, 1]]), lengths).exp().item() == pytest.approx(1 / 3)
    assert set(crf.state_dict()) == {"transitions", "starts", "ends"}
