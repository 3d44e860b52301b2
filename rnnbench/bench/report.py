"""BENCHMARKS.md: tables of ratios in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rnnbench.bench.fixed import Baseline
from rnnbench.bench.goals import GOALS, Goal
from rnnbench.bench.lengths import draw_lengths, padding
from rnnbench.bench.plan import Plan
from rnnbench.bench.results import Results, Subject
from rnnbench.bench.subjects import counterpart, find_cell, relative_flops
from rnnbench.bench.timing import geometric_mean, ratio

_TITLES: dict[Baseline, str] = {
    "torch.nn": "Time / torch.nn",
    "naive": "Time / the naive loop",
    "jax": "Time / JAX",
    "limit": "Time / the limit of matrix products",
}

_METHOD = """\
A training step is forward and backward of one layer, with the gradients of the input and of all weights, in float32,
batch first. Every number is a ratio inside one run, below 1 where our engine is the faster one: the cell and what it is
compared with take turns, each timed right after a call of its own that does not count, and the ratio is the median over
rounds of the ratio within a round. Every measurement is a process of its own, pinned to as many cores as it has
threads. Columns are T, B, I, H: time steps, batch size, input width, hidden units; the last one is their geometric
mean.

- **torch.nn** is nn.LSTM, nn.GRU or nn.RNN: the one that the cell's name ends in, else the one whose matrix products
  are nearest in FLOPs. The column *FLOPs* is the cell's matrix products over that layer's, for I = H: a cell that does
  more work cannot be expected to take the same time.
- **The naive loop** is the best one writes by hand in PyTorch: the input's products before the loop, `unbind` rather
  than an index at every step.
- **JAX** is the same cell, translated operation by operation, under `jit` and `lax.scan`, time first, with the input's
  products outside of the loop. It uses the cores that the process is pinned to.
- **The limit of matrix products** is three large products with together the FLOPs of the cell's training step, by
  `torch.mm` or by oneDNN, whichever is faster: on some processors `torch.mm` is far from what they can do.
- **Different lengths**: four batches, lengths uniform in 50-100 % of T, or skewed (lognormal, mean about 0.35 T).
  Padded batches end with their longest sequence; bucketed ones hold sequences of like length. torch.nn runs on padded
  batches, or packed, as its users write it (`pack_padded_sequence`, `pad_packed_sequence`).
- **Peak memory** is the most that the process holds during a step beyond what it held before it: activations, gradients
  and an engine's own buffers; input, weights and libraries are not in it.
- **Build** is the first step of a cell less a usual one, in a new process, first with an empty cache, then with the one
  that the first process filled. What PyTorch imports for tracing, once a process, is in both.
"""


def render(results: Results, circumstances: Mapping[str, str], plan: Plan) -> str:
    """The whole file.

    Args:
        results: The measurements.
        circumstances: Machine, versions, command and date, by name.
        plan: What was to be measured.
    """
    parts = [
        "# Benchmarks",
        _table(["", ""], [[name, value] for name, value in circumstances.items()]),
        "Written by `make bench`; not to be edited.",
        "## Goals",
        _goals(results),
        "## What is compared",
        _METHOD.rstrip(),
    ]
    for threads in results.threads():
        for baseline in _TITLES:
            parts += _fixed(results, threads, baseline)
    for threads in results.threads():
        parts += _lengths(results, threads)
    parts += _costs(results, plan)
    if results.missing:
        parts += ["## Not measured", "\n".join(f"- {line}" for line in dict.fromkeys(results.missing))]
    return "\n\n".join(parts) + "\n"


def _goals(results: Results) -> str:
    threads = results.threads()
    header = ["goal: geometric mean over shapes", "at most", *(_count(number) for number in threads)]
    rows = []
    notes = []
    for goal in GOALS:
        rows.append([goal.text, f"{goal.limit:.2f}", *(_verdict(goal, results, number) for number in threads)])
        missed = any(value > goal.limit for number in threads for value in goal.values(results, number).values())
        if missed and goal.if_missed:
            notes.append(f"- {goal.text}: {goal.if_missed}")
    return "\n\n".join([_table(header, rows), *(["Why goals are missed:", "\n".join(notes)] if notes else [])])


def _verdict(goal: Goal, results: Results, threads: int) -> str:
    values = goal.values(results, threads)
    if not values:
        return "-"
    low, high = min(values.values()), max(values.values())
    spread = f"{low:.2f}" if len(values) == 1 else f"{low:.2f}-{high:.2f}"
    worse = sorted((name for name in values if values[name] > goal.limit), key=lambda name: -values[name])
    if not worse:
        return f"{spread}, met"
    return f"{spread}, **missed** by " + ", ".join(f"{name} ({values[name]:.2f})" for name in worse)


def _fixed(results: Results, threads: int, baseline: Baseline) -> list[str]:
    shapes = results.shapes()
    rows = []
    for subject in results.subjects():
        ratios = [results.fixed_ratio(threads, subject, shape, baseline) for shape in shapes]
        if any(value is not None for value in ratios):
            rows.append([*_about(subject), *map(_number, [*ratios, geometric_mean(ratios)])])
    if not rows:
        return []
    header = ["cell", "engine", "torch.nn", "FLOPs", *map(str, shapes), "mean"]
    parts = [f"## {_TITLES[baseline]}, {_count(threads)}", _table(header, rows)]
    if baseline == "torch.nn":
        parts.append(_scale(results, threads))
    return parts


def _scale(results: Results, threads: int) -> str:
    """What the ratios are ratios to, for one layer."""
    medians = []
    for shape in results.shapes():
        for subject in results.subjects():
            timed = results.fixed.get((threads, subject, shape))
            if timed and timed.times.get("torch.nn"):
                seconds = sorted(timed.times["torch.nn"])[len(timed.times["torch.nn"]) // 2]
                medians.append(f"{1000 * seconds:.1f} ms at {shape} (nn.{counterpart(find_cell(subject.cell))})")
                break
    return f"For scale: {'; '.join(medians)}."


def _lengths(results: Results, threads: int) -> list[str]:
    columns = ["packed random", "padded bucketed", "packed bucketed", "cell random", "cell bucketed"]
    rows = []
    for (number, subject, shape, distribution), timed in results.lengths.items():
        if number == threads:
            lengths = draw_lengths(distribution, shape)
            waste = [f"{padding(lengths, 'random', shape):.2f}", f"{padding(lengths, 'bucketed', shape):.2f}"]
            ratios = [_number(ratio(timed.times, column, "padded random")) for column in columns]
            rows.append([*_about(subject)[:3], str(shape), distribution, " / ".join(waste), *ratios])
    if not rows:
        return []
    header = ["cell", "engine", "torch.nn", "T, B, I, H", "lengths", "padding random / bucketed"]
    header += [f"torch.nn {column}" if "cell" not in column else column for column in columns]
    title = f"## Different lengths: time / torch.nn padded in random order, {_count(threads)}"
    return [title, "*Padding* is steps computed over steps that count.", _table(header, rows)]


def _costs(results: Results, plan: Plan) -> list[str]:
    rows = []
    for subject in results.subjects():
        build = results.build.get(subject)
        own = results.memory_ratio(subject, counterpart(find_cell(subject.cell)))
        ratios = [own, results.memory_ratio(subject, "LSTM")]
        times = [build.first, build.later] if build else [None, None]
        if any(value is not None for value in (*ratios, *times)):
            rows.append([*_about(subject)[:3], *map(_number, [*ratios, *times])])
    if not rows:
        return []
    header = [
        "cell",
        "engine",
        "torch.nn",
        "peak memory / torch.nn",
        "/ nn.LSTM",
        "first call, s",
        "later processes, s",
    ]
    where = f"Memory at {plan.memory_shape}, build at {plan.build_shape}, 1 thread."
    return ["## Peak memory and build", where, _table(header, rows)]


def _about(subject: Subject) -> list[str]:
    cell_class = find_cell(subject.cell)
    layer = f"nn.{counterpart(cell_class)}"
    return [subject.cell, subject.engine, layer, f"{relative_flops(cell_class):.2f}"]


def _count(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
