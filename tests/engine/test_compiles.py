"""The kernels compile for every architecture of GPU, with no GPU at hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rnnbench import cells
from rnnbench.cells import RNNCell

SCRIPT = Path(__file__).with_name("compile_ahead.py")
CELLS = sorted(name for name in cells.__all__ if isinstance(getattr(cells, name), type))
CELLS = [name for name in CELLS if issubclass(getattr(cells, name), RNNCell) and name not in ("RNNCell", "GatedCell")]
WAYS = {"forward", "backward"}


def compile_ahead(architecture, number, names, folder):
    """What was compiled, a line each."""
    pytest.importorskip("triton")
    environment = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(architecture), number, *names],
        capture_output=True, text=True, check=False, env={**environment, "TRITON_CACHE_DIR": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("architecture", [75, 80, 86, 89, 90, 100, 120])
def test_kernels_compile_for(architecture, tmp_path):
    lines = compile_ahead(architecture, "fp32", ["LSTM", "LayerNormLSTM"], tmp_path)
    found = {tuple(line.split()[:-2]) for line in lines}
    assert {name for name, *_ in found} == {"LSTM", "LayerNormLSTM", "scan_real", "scan_complex"}
    for name in ("LSTM", "LayerNormLSTM"):
        assert {kernel.rstrip("0123456789") for cell, *rest in found if cell == name for kernel in rest} == WAYS
    assert all(int(line.split()[-1]) > 1000 for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("number", ["fp32", "fp64"])
def test_every_cell_compiles_for_hopper(number, tmp_path):
    lines = compile_ahead(90, number, CELLS if number == "fp32" else ["LSTM", "GRU", "LayerNormLSTM"], tmp_path)
    assert len({line.split()[0] for line in lines}) > (15 if number == "fp32" else 3)
