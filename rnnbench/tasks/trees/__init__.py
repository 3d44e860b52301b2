"""Trees: a class for every sentence and every phrase in it."""

from rnnbench.tasks.trees.baselines.bag import BagOfWordsModel
from rnnbench.tasks.trees.baselines.majority import MajorityModel
from rnnbench.tasks.trees.data import TreeData
from rnnbench.tasks.trees.models.chain import ChainModel
from rnnbench.tasks.trees.models.gumbel import GumbelTreeModel
from rnnbench.tasks.trees.models.tree import TreeModel

__all__ = ["BagOfWordsModel", "ChainModel", "GumbelTreeModel", "MajorityModel", "TreeData", "TreeModel"]
