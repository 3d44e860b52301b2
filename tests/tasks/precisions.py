"""Every preset in every precision."""

import pytest

# On the CPU Lightning takes bf16-mixed for 16-mixed.
PRECISIONS = ("32", "bf16-mixed", "bf16-true", "64-true")


def in_every_precision(presets, quick=None, one_in=2):
    """Parameters (preset, precision): by default some presets in one precision, another than their neighbours'.

    Each application's quick preset is tried by `test_every_precision` anyway.

    Args:
        presets: Names of presets.
        quick: Those that are tried by default; None for all.
        one_in: How many presets there are for each that is.
    """
    found = []
    for number, preset in enumerate(presets):
        for place, precision in enumerate(PRECISIONS):
            is_quick = (
                (quick is None or preset in quick)
                and number % one_in == 0
                and place == number // one_in % len(PRECISIONS)
            )
            found.append(pytest.param(preset, precision, marks=[] if is_quick else pytest.mark.slow))
    return pytest.mark.parametrize(("preset", "precision"), found)
