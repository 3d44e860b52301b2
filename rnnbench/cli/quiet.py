"""What a user need not read."""

from __future__ import annotations

import logging
import os
import warnings


def quiet() -> None:
    """Keeps hardware tips, and what libraries tell each other about deprecated calls, off the screen."""
    os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
    for message in (
        r".*LeafSpec",
        r".*all_gather is deprecated",
        # No mistake: a counting model has none.
        r".*will run with no optimizer",
        # Nor this: a resumed training may have another limit of time than before, or none.
        r".*callbacks used to create the checkpoint need to be provided",
    ):
        warnings.filterwarnings("ignore", message)
    for name in ("lightning.pytorch.utilities.rank_zero", "lightning.fabric.utilities.seed"):
        logging.getLogger(name).setLevel(logging.WARNING)
