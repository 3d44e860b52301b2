"""A responder as two graphs: see `rnnbench.tasks.base.pairs.export`."""

from rnnbench.tasks.base.pairs.export import pair_graphs as graph

__all__ = ["graph"]
