"""``rnnbench dashboard``: what W&B shows of the runs of a project, built as a specification and then sent."""
