"""Fonts that have the characters of a text, whatever its script: the one of matplotlib, and what is installed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection

_BASIC = "DejaVu Sans"
# Fonts of the package index that an extra installs.
_PACKAGES = ("noto_cjk_sans_otc",)
# It has a box for every character there is, to show that no font has it.
_BOXES = "Last Resort"
# Among fonts that have the same characters, those whose shapes are the ones of mainland China.
_PREFERRED = ("SC", "CN", "GB")


def font_families(characters: Collection[str]) -> tuple[list[str], set[str]]:
    """The fewest fonts that have all these characters, to be given to matplotlib as the family of a text.

    Args:
        characters: The characters.

    Returns:
        Names of the fonts, the one that comes with matplotlib first; and the characters that no font has.
    """
    from matplotlib.font_manager import findfont

    missing = {ord(character) for character in characters} - _points(findfont(_BASIC))
    chosen = [_BASIC]
    if missing:
        fonts = _installed(missing)
        while missing and fonts:
            best = max(fonts, key=lambda name: (len(fonts[name] & missing), name.endswith(_PREFERRED), name))
            if not fonts[best] & missing:
                break
            chosen.append(best)
            missing -= fonts.pop(best)
    return chosen, {chr(point) for point in missing}


def tell_missing(missing: set[str], instead: str) -> None:
    """Says which characters a picture lacks, and what brings them.

    Args:
        missing: Characters that no font has.
        instead: What stands in their place.
    """
    some = "".join(sorted(missing)[:10]) + ("..." if len(missing) > 10 else "")
    print(
        f"no installed font has {len(missing):,} of the characters ({some}): the picture shows {instead};"
        " a font for Chinese, Japanese and Korean: pip install 'rnnbench[pictures]'",
        file=sys.stderr,
        flush=True,
    )


def _installed(wanted: set[int]) -> dict[str, set[int]]:
    """Every upright font of normal weight by its name, with those of the wanted characters that it has."""
    from matplotlib.font_manager import fontManager

    known = {entry.fname for entry in fontManager.ttflist}
    for name in _PACKAGES:
        try:
            path = str(importlib.import_module(name).FONT_PATH)
        except ImportError:
            continue
        if path not in known:
            fontManager.addfont(path)
    fonts: dict[str, set[int]] = {}
    of_files: dict[str, set[int]] = {}
    for entry in fontManager.ttflist:
        normal = entry.style == "normal" and entry.weight in (400, "normal", "regular")
        if normal and not entry.name.startswith(_BOXES):
            if entry.fname not in of_files:
                of_files[entry.fname] = _points(entry.fname) & wanted
            fonts.setdefault(entry.name, of_files[entry.fname])
    return fonts


def _points(path: str) -> set[int]:
    """Code points that a font file has."""
    from matplotlib.ft2font import FT2Font

    try:
        return set(FT2Font(path).get_charmap())
    except (OSError, RuntimeError) as error:
        print(f"the font {path} cannot be read: {error}", file=sys.stderr)
        return set()
