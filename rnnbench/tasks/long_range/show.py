"""What a run shows of its test split: scores by length, and some sequences."""

from __future__ import annotations

from pathlib import Path

import torch

from rnnbench.data.automata.table_file import automaton_table
from rnnbench.examples import Example, plain
from rnnbench.safe_files import csv_text, replace_text
from rnnbench.tasks.base import evaluating
from rnnbench.tasks.base.pictures import record_picture
from rnnbench.tasks.long_range.extraction import MOST_STATES, extract
from rnnbench.tasks.long_range.model import LongRangeModel
from rnnbench.tasks.long_range.models.recurrent import RecurrentModel
from rnnbench.tasks.long_range.pictures import AUTOMATA, BY_LENGTH, draw_automata, draw_by_length

TABLE = "by_length.csv"
EXTRACTED = "automaton.txt"
_OF_A_LENGTH = 3
# Of a long sequence, the beginning and the end are told.
_SHOWN_STEPS = 60


def record_lengths(model: LongRangeModel) -> None:
    """Writes the scores of each test length into the run folder, and draws them.

    Args:
        model: A model that was tested just now.
    """
    folder = Path(model.trainer.default_root_dir)
    scores, names = model.scores.by_length, model.scores.metrics
    rows = [[score.length, score.sequences, *(repr(score.values[name]) for name in names)] for score in scores]
    replace_text(folder / TABLE, csv_text([["length", "sequences", *names], *rows]))
    plan = model.data.plan
    trained = None if plan.length is None or plan.min_length is None else (plan.min_length, plan.length)
    draw_by_length(folder / BY_LENGTH, scores, names, trained)
    record_picture(model.trainer, BY_LENGTH)


def record_automaton(model: RecurrentModel) -> None:
    """Reads an automaton off the hidden states, writes it into the run folder, and draws it beside the true one.

    Nothing is done where the true one is larger than any picture.

    Args:
        model: A model that was tested just now.
    """
    assert model.automaton is not None
    true = model.automaton.minimal()
    if len(true) > MOST_STATES:
        return
    folder = Path(model.trainer.default_root_dir)
    found = extract(model, model.data)
    equal = "the same as the true one"
    if found.difference is not None:
        word = " ".join(true.symbols[symbol] for symbol in found.difference) or "the empty word"
        equal = f"another than the true one: {word}"
    fidelity = f"says what the network says after {100 * found.fidelity:.2f} % of the symbols"
    lines = f"# read off the hidden states; {fidelity}\n# {equal}\n"
    replace_text(folder / EXTRACTED, lines + automaton_table(found.automaton))
    automata = [(f"true: {len(true)} states\n", true)]
    if len(found.automaton) <= MOST_STATES:
        automata.append((f"read off: {len(found.automaton)} states,\n{equal}", found.automaton))
    draw_automata(folder / AUTOMATA, automata)
    record_picture(model.trainer, AUTOMATA)


def examples_of(model: LongRangeModel) -> list[Example]:
    """Test sequences of the shortest and the longest length: what was read, what is right, what was said.

    Args:
        model: A model that was tested just now.
    """
    sequences = model.data.splits["test"]
    sizes = sequences.samples.sizes.tolist()
    chosen = [
        number
        for size in sorted({min(sizes), max(sizes)})
        for number in [i for i, one in enumerate(sizes) if one == size][:_OF_A_LENGTH]
    ]
    return [_example(model, number) for number in chosen]


def _example(model: LongRangeModel, number: int) -> Example:
    batch = model.data.splits["test"]([number], 0)
    moved = model.transfer_batch_to_device(batch, model.device, 0)
    with evaluating(model):
        said = model.answers.said(model(moved.x, moved.lengths, moved.asked))
    steps = int(batch.lengths[0])
    lines = {
        "sequence": [in_words(model, step) for step in batch.x[0, :steps]],
        "answers": model.answers.wanted(batch.y),
        "model": said,
    }
    told = [plain(name, shortened(parts)) for name, parts in lines.items()]
    return (plain("length", str(int(batch.sizes[0]))), *told)


def in_words(model: LongRangeModel, step: torch.Tensor) -> str:
    """What stands at a step, in words."""
    if model.inputs.symbols:
        return model.inputs.symbols[int(step)]
    return ",".join(f"{number:.2g}" for number in step.tolist())


def shortened(parts: list[str]) -> str:
    """Steps as one text; of many, the first and the last ones."""
    between = "" if all(len(part) == 1 for part in parts) else " "
    if len(parts) <= _SHOWN_STEPS:
        return between.join(parts)
    half = _SHOWN_STEPS // 2
    return between.join([*parts[:half], " ... ", *parts[-half:]])
