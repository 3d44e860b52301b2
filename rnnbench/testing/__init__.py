"""Checks for people who add their own: the laws that every cell and every application keeps."""

from rnnbench.testing.cell import CellFactory, check_cell, laws_kept
from rnnbench.testing.law import LawBroken
from rnnbench.testing.task import check_task, task_laws, task_laws_kept

__all__ = ["CellFactory", "LawBroken", "check_cell", "check_task", "laws_kept", "task_laws", "task_laws_kept"]
