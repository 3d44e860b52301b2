"""Runs and trainings for Python programs and notebooks: thin over what the verbs of the command line do.

asking.py      a run with options, ready to be asked
run.py         a trained run: predictions, metrics, configuration, model
training.py    `fit`
tables.py      data in memory, put where a training finds them again
notebook.py    how a run shows itself
"""
