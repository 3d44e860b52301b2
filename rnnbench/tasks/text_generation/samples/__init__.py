"""Texts that a model writes after the test, and what can be counted on them."""

from rnnbench.tasks.text_generation.samples.base import Samples
from rnnbench.tasks.text_generation.samples.code import Code
from rnnbench.tasks.text_generation.samples.lines import Lines
from rnnbench.tasks.text_generation.samples.poems import Poems

__all__ = ["Code", "Lines", "Poems", "Samples"]
