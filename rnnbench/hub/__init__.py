"""Trained runs on the Hugging Face hub: weights as safetensors, options and record as text, and a model card.

files.py     which files a run has there, made of its folder
card.py      the model card, from the record
taken.py     a run folder from files of somebody else: nothing of them is run
client.py    the one place that speaks to the hub
named.py     the run that a name names: a folder, or ``hf:NAME``
"""

from rnnbench.hub.named import open_run

__all__ = ["open_run"]
