"""What the engine is meant to reach on a CPU, in numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rnnbench.bench.results import Results, Subject

# No state of theirs is of the order of a hidden layer: their memory is another goal than speed.
_LARGE_STATE = {"TDNN", "NARX", "NTM", "TimeSkipRNN", "DilatedRNN", "QRNN", "MatrixLSTM"}


class Goal(NamedTuple):
    """A number that every cell of a group is to stay below.

    Args:
        text: What over what, in words.
        limit: The largest value that meets the goal.
        cells: Names of the cells; empty for all.
        value: The measured number of one of them, for a number of threads.
        if_missed: Why it is missed, where that is known.
    """

    text: str
    limit: float
    cells: tuple[str, ...]
    value: Callable[[Results, int, Subject], float | None]
    if_missed: str = ""

    def values(self, results: Results, threads: int) -> dict[str, float]:
        """The measured numbers by cell."""
        found = {}
        for subject in results.subjects():
            if not self.cells or subject.cell in self.cells:
                value = self.value(results, threads, subject)
                if value is not None:
                    found[subject.cell] = value
        return found


def _against_layer(results: Results, threads: int, subject: Subject) -> float | None:
    return results.fixed_mean(threads, subject, "torch.nn")


def _memory(results: Results, threads: int, subject: Subject) -> float | None:
    return None if subject.cell in _LARGE_STATE or threads != 1 else results.memory_ratio(subject, "LSTM")


_ONEDNN = (
    "on processors that are not Intel's nn.LSTM runs on oneDNN's products, which are about as fast as ours, so that"
    " only the loop around them is left to gain; the goal comes from an Intel processor, where nn.LSTM leaves more."
)

_SMALL_PRODUCTS = (
    "the product of a step has no more rows than the batch, and so does not reach the speed of the large products that"
    " the limit is made of; nn.LSTM and nn.RNN do not either, see the tables of the limit and of torch.nn."
)

GOALS = (
    Goal(
        "LSTM, peephole, coupled, no forget gate / nn.LSTM",
        0.80,
        ("LSTM", "PeepholeLSTM", "CoupledLSTM", "NoForgetLSTM"),
        _against_layer,
        _ONEDNN,
    ),
    Goal(
        "layer-norm LSTM / nn.LSTM",
        0.90,
        ("LayerNormLSTM",),
        _against_layer,
        f"{_ONEDNN} Three normalisations a step, forward and backward, come on top, and nn.LSTM has none.",
    ),
    Goal("GRU / nn.GRU", 0.50, ("GRU",), _against_layer),
    Goal(
        "Elman, leaky, residual / nn.RNN",
        0.50,
        ("Elman", "LeakyRNN", "ResidualRNN"),
        _against_layer,
        _SMALL_PRODUCTS,
    ),
    Goal(
        "LSTM, different lengths, bucketed / nn.LSTM bucketed and padded",
        0.75,
        ("LSTM",),
        lambda results, threads, one: results.lengths_mean(threads, one, "cell bucketed", "padded bucketed"),
        _ONEDNN,
    ),
    Goal(
        "LSTM, different lengths, bucketed / nn.LSTM on packed sequences in random order",
        0.25,
        ("LSTM",),
        lambda results, threads, one: results.lengths_mean(threads, one, "cell bucketed", "packed random"),
        _ONEDNN,
    ),
    Goal(
        "any cell / its best naive loop",
        0.40,
        (),
        lambda results, threads, one: results.fixed_mean(threads, one, "naive"),
        "the products of both take their share, and it is largest where a step has little else.",
    ),
    Goal(
        "any cell / the same under jit and scan in JAX, 1 core",
        0.50,
        (),
        lambda results, threads, one: results.fixed_mean(threads, one, "jax") if threads == 1 else None,
    ),
    Goal(
        "LSTM, H >= 256 / the limit of matrix products",
        1.25,
        ("LSTM",),
        lambda results, threads, one: results.fixed_mean(threads, one, "limit", least_hidden=256),
        _SMALL_PRODUCTS,
    ),
    Goal(
        "peak memory / nn.LSTM, cells without delays or matrix states",
        1.00,
        (),
        _memory,
    ),
    Goal(
        "seconds to build a cell, first call",
        3.0,
        (),
        lambda results, threads, one: results.build[one].first if threads == 1 and one in results.build else None,
    ),
    Goal(
        "seconds to build a cell, later processes",
        0.3,
        (),
        lambda results, threads, one: results.build[one].later if threads == 1 and one in results.build else None,
        "most of it is the import of PyTorch's tracer, once a process.",
    ),
)
