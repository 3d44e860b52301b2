"""How the memory of a process grows with the rows of a file that it reads."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_CODE = """
import resource, sys
from rnnbench.data.sources.files import Files
from {module} import {kind}
data = {kind}(Files(sys.argv[1])); data.setup('fit'); data.details()
for batch, _ in zip(data.train_dataloader(), range(200)): pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def bytes_a_row(tmp_path: Path, data: type, header: str, row: Callable[[int], str], few: int, many: int) -> float:
    """By how much the peak of memory grows for each row of training.

    Args:
        tmp_path: Where the files are written.
        data: The data module.
        header: First line of the files.
        row: Makes a line of a number.
        few: Rows of the smaller file.
        many: Rows of the larger one.
    """
    peaks = []
    for size in (few, many):
        folder = tmp_path / str(size)
        folder.mkdir()
        for split, rows in (("train", size), ("validation", 10), ("test", 10)):
            with (folder / f"{split}.csv").open("w") as file:
                file.write(f"{header}\n")
                file.writelines(f"{row(number)}\n" for number in range(rows))
        said = subprocess.run(
            [sys.executable, "-c", _CODE.format(module=data.__module__, kind=data.__name__), str(folder)],
            capture_output=True, text=True, timeout=600, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        peaks.append(int(said.stdout.split()[-1]) * 1024)
    return (peaks[1] - peaks[0]) / (many - few)
