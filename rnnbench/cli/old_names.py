"""Class paths that configurations and run folders of earlier versions hold, and what they are called now."""

from __future__ import annotations

from typing import Any

# Version 0.1.0 named sources by their modules; now the package alone names them.
_MOVED = {
    f"rnnbench.data.{module}.{name}": f"rnnbench.data.{name}"
    for module, name in (
        ("augment", "Augmentation"),
        ("captioned_images", "CaptionedImages"),
        ("features", "Features"),
        ("files", "Files"),
        ("generated_news", "GeneratedNews"),
        ("generated_pairs", "GeneratedPairs"),
        ("generated_reviews", "GeneratedReviews"),
        ("generated_scenes", "GeneratedScenes"),
        ("generated_speech", "GeneratedSpeech"),
        ("hub", "Hub"),
        ("image_augment", "ImageAugmentation"),
        ("joined", "JoinedRecordings"),
        ("package", "Package"),
        ("recordings", "Recordings"),
        ("stdlib", "StandardLibrary"),
    )
}


def renamed(value: Any) -> Any:
    """Plain values, with the present names of classes in place of old ones.

    Args:
        value: What a configuration holds.
    """
    if isinstance(value, dict):
        return {key: renamed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item) for item in value]
    return _MOVED.get(value, value) if isinstance(value, str) else value
