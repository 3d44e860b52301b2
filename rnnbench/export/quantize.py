"""A graph of ONNX with 8-bit integers in place of its weights."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import torch

from rnnbench.export.write import SUFFIXES, check, quiet_exporters, read_onnx
from rnnbench.safe_files import whole_file
from rnnbench.tasks.base.graph import Graph

SUFFIX = ".int8.onnx"


class Quantized(NamedTuple):
    """What became of a graph."""

    worst: float
    """Largest difference of a number from the model's own, over the batches that the graph itself was checked with."""
    share: float
    """Its size as a share of the graph's."""


def quantize(graph: Graph, folder: Path) -> Quantized:
    """Writes ``model.int8.onnx`` beside ``model.onnx``, by dynamic quantisation.

    The weights of products are rounded to 8 bits, with a scale for every unit; what they are multiplied with is rounded
    as it comes, with a scale for the whole batch, so that numbers hang a little on what else is in it. Products inside
    the loop over time are among them.

    Args:
        graph: The graph that ``model.onnx`` was written from.
        folder: Where it lies.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path, whole = (folder / f"{graph.name}{suffix}" for suffix in (SUFFIX, SUFFIXES["onnx"]))
    with torch.no_grad(), quiet_exporters(), whole_file(path) as part:
        options = {"EnableSubgraph": True}  # the loop over time is one
        quantize_dynamic(whole, part, per_channel=True, weight_type=QuantType.QInt8, extra_options=options)
        worst = check(graph, read_onnx(part, graph), math.inf)
    return Quantized(worst, path.stat().st_size / whole.stat().st_size)
