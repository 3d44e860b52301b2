"""What all applications share; a new one needs nothing else of `rnnbench.tasks`."""

from rnnbench.tasks.base.bucketed import BucketedData, Samples
from rnnbench.tasks.base.counting import CountingModel
from rnnbench.tasks.base.data import Spec, TaskData
from rnnbench.tasks.base.evaluating import HasModes, evaluating
from rnnbench.tasks.base.items import Items, ItemSums, ItemTexts, ItemValues, exact, exact_device, exact_nats
from rnnbench.tasks.base.task import Loss, Measured, Task
from rnnbench.tasks.base.transfer import Axes, Names

__all__ = [
    "Axes",
    "BucketedData",
    "CountingModel",
    "HasModes",
    "ItemSums",
    "ItemTexts",
    "ItemValues",
    "Items",
    "Loss",
    "Measured",
    "Names",
    "Samples",
    "Spec",
    "Task",
    "TaskData",
    "evaluating",
    "exact",
    "exact_device",
    "exact_nats",
]
