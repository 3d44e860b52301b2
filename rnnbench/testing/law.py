"""What is raised where a law does not hold."""

from __future__ import annotations


class LawBroken(AssertionError):
    """A cell or an application breaks a law; the message says which, and how."""
