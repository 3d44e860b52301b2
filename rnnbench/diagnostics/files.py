"""What a diagnosis leaves in a run folder; read by floors that do not import torch."""

from __future__ import annotations

FOLDER = "diagnosis"
"""Folder within a run."""

NUMBERS = "diagnosis.json"
CURVES = "gradient_flow.csv"
FLOW = "gradient_flow.png"
GATES = "gates.png"
MEMORY = "memory.png"
HEADS = "heads.png"
TRAINING = "training.png"
STATES = "states.html"

PICTURES = {
    FLOW: "How gradients fade on their way back in time",
    GATES: "How far gates are open, and what units keep of themselves in a step",
    MEMORY: "How long units remember, what many steps stretch, and what truncation costs",
    HEADS: "Where the heads of a memory stand, step by step",
    TRAINING: "Gradients, recurrent matrices and gates while the network learned",
}
"""Pictures by file name, each with what it shows."""
