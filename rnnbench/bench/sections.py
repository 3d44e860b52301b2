"""Sections of a page that commands write, each between its markers: at the end of BENCHMARKS.md, and in docs/."""

from __future__ import annotations

import re
from pathlib import Path

from rnnbench.safe_files import read_text

_SECTION = re.compile(r"<!-- section:(.+?) -->\n.*?<!-- /section -->\n", re.DOTALL)


def sections_of(path: Path) -> str:
    """All sections of a file, as they stand in it; nothing where there is no file."""
    if not path.is_file():
        return ""
    return "".join("\n" + match[0] for match in _SECTION.finditer(read_text(path)))


def with_section(text: str, name: str, section: str) -> str:
    """``text`` with a section in the place of the one of that name, or at the end.

    Args:
        text: The file.
        name: What is measured in the section.
        section: Markdown.
    """
    marked = f"<!-- section:{name} -->\n\n{section.strip()}\n\n<!-- /section -->\n"
    for match in _SECTION.finditer(text):
        if match[1] == name:
            return text[: match.start()] + marked + text[match.end() :]
    return f"{text.rstrip()}\n\n{marked}" if text.strip() else marked
