"""The options of a run as one short hash: runs that share it differ in nothing but their seeds."""

from __future__ import annotations

import hashlib
import json

from jsonargparse import Namespace

from rnnbench.platform.run_config import flatten

# What says where a run lies, how it is shown and how it is stored, and the seed.
_BEARS_ON_NOTHING = (
    "config",
    "seed_everything",
    "ckpt_path",
    "weights_only",
    "checkpoint",
    "trainer.default_root_dir",
    "trainer.logger",
    "trainer.enable_",
    "trainer.log_every_n_steps",
    "trainer.profiler",
)
_WORKERS = ".num_workers"
# Where data lie; what they are is their fingerprint.
_PLACE = ".path"


def settings_hash(config: Namespace) -> str:
    """Hash of all options that bear on what a run measures, less its seed: 12 hexadecimal digits.

    Args:
        config: Configuration of the training.
    """
    options = {
        name: value
        for name, value in flatten(config).items()
        if not name.startswith(_BEARS_ON_NOTHING)
        and not name.endswith(_WORKERS)
        and not (name.startswith("data.") and "source." in name and name.endswith(_PLACE))
        # Runs without a budget keep the hash that they had before there were budgets.
        and not (name.startswith("budget.") and value is None)
    }
    return hashlib.sha256(json.dumps(options, sort_keys=True, default=str).encode()).hexdigest()[:12]
