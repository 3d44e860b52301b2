"""Where data comes from and how it reaches a model.

A configuration names a source by this package alone, ``rnnbench.data.Files``, wherever its module lies. Modules are
imported when one of their names is asked for, so that reading a data card costs no torch.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "Adding": "long_range.adding",
    "AssociativeRecall": "long_range.associative_recall",
    "Augmentation": "audio.augment",
    "AutomatonFile": "long_range.languages",
    "Babi": "stories.babi",
    "CaptionedImages": "sources.captioned_images",
    "Columns": "series.columns",
    "CopyMemory": "long_range.copy_memory",
    "CycleNavigation": "long_range.chomsky",
    "DuplicateString": "long_range.strings",
    "Dyck": "long_range.dyck",
    "EvenPairs": "long_range.chomsky",
    "Features": "audio.features",
    "Files": "sources.files",
    "GeneratedClips": "clips.generated",
    "GeneratedDialogues": "generated.dialogues",
    "GeneratedExpressions": "trees.expressions",
    "GeneratedNews": "generated.news",
    "GeneratedPairs": "generated.pairs",
    "GeneratedReviews": "generated.reviews",
    "GeneratedScenes": "generated.scenes.source",
    "GeneratedSeries": "series.generated",
    "GeneratedSpeech": "generated.speech",
    "GeneratedStories": "stories.generated",
    "GeneratedWords": "generated.words",
    "GraphFiles": "graphs.tables",
    "HeldOutLinks": "graphs.held_out_links",
    "Hub": "sources.hub",
    "ImageAugmentation": "images.augment",
    "JoinedRecordings": "sources.joined_recordings",
    "LabelledClips": "clips.source",
    "LabelledImages": "sources.labelled_images",
    "LibraryGraphs": "graphs.pyg",
    "ModularArithmetic": "long_range.chomsky",
    "Package": "sources.package",
    "Parity": "long_range.chomsky",
    "Paths": "graphs.generated.paths",
    "Planetoid": "graphs.planetoid",
    "PrioritySort": "long_range.priority_sort",
    "QueryRecall": "long_range.query_recall",
    "Reber": "long_range.reber",
    "Recordings": "sources.recordings",
    "RegularLanguage": "long_range.languages",
    "RepeatCopy": "long_range.repeat_copy",
    "ReverseString": "long_range.strings",
    "Scenes": "images.scenes",
    "ScikitDigits": "images.scikit_digits",
    "SequentialImages": "long_range.images",
    "SeriesFiles": "series.sources",
    "SeriesPackage": "series.sources",
    "SeriesRecords": "series.sources",
    "Source": "source",
    "StackManipulation": "long_range.strings",
    "StandardLibrary": "sources.standard_library",
    "StochasticBlocks": "graphs.generated.blocks",
    "Redealt": "sources.redealt",
    "Subset": "sources.subset",
    "TUFiles": "graphs.tu",
    "TemporalOrder": "long_range.temporal_order",
    "Tomita": "long_range.languages",
    "Triangles": "graphs.generated.triangles",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
