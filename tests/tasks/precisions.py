"""Every preset in every precision."""

import pytest

# On the CPU Lightning takes bf16-mixed for 16-mixed.
PRECISIONS = ("32", "bf16-mixed", "bf16-true", "64-true")


def in_every_precision(presets, quick=None):
    """Parameters (preset, precision): by default each preset in one precision, another than its neighbours'.

    Args:
        presets: Names of presets.
        quick: Those that are tried by default; None for all.
    """
    found = []
    for number, preset in enumerate(presets):
        for place, precision in enumerate(PRECISIONS):
            is_quick = (quick is None or preset in quick) and place == number % len(PRECISIONS)
            found.append(pytest.param(preset, precision, marks=[] if is_quick else pytest.mark.slow))
    return pytest.mark.parametrize(("preset", "precision"), found)
