"""One process computes the maps of frozen encoders; the others wait for the file, however long it takes."""

import threading
from types import SimpleNamespace

import numpy as np
import torch

from rnnbench.data.images.maps import has_maps, write_maps
from rnnbench.tasks.base import maps


def test_another_process_waits_for_the_file(tmp_path, monkeypatch):
    file, used = tmp_path / "maps.npy", []
    monkeypatch.setattr(maps, "_file", lambda *_: file)
    monkeypatch.setattr(maps, "_LOOK_EVERY", 0.01)
    images = SimpleNamespace(use_maps=lambda path: used.append((path, has_maps(path))))
    data = SimpleNamespace(augments=False, splits={"train": images})
    strategy = SimpleNamespace(root_device=torch.device("cpu"))  # without a barrier
    trainer = SimpleNamespace(local_rank=1, is_global_zero=False, precision="32", strategy=strategy)
    first = threading.Timer(0.1, write_maps, (file, [np.zeros((1, 2, 2, 3), dtype=np.float32)], 1))
    first.start()
    maps.keep_maps(SimpleNamespace(map_key=lambda: "a"), data, trainer)
    first.join()
    assert used == [(file, True)]
