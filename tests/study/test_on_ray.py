"""The same study on a local cluster of Ray."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from a_study import ONE, TUNED

from rnnbench.errors import UserError
from rnnbench.study.launch import Perform
from rnnbench.study.on_ray import OnRay


def test_without_ray_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError) as caught:
        OnRay(Perform("fake_runs", "perform"), tmp_path)
    assert "rnnbench[ray]" in caught.value.hint


# In a process of its own: what Ray leaves running would be warned of in this one.
MAIN = """
import io, json, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import ray
from a_study import Conducted
from rich.console import Console
from rnnbench.cli.presets import config_path
from rnnbench.study.conduct import conduct
from rnnbench.study.file import read_study
from rnnbench.study.launch import Perform
from rnnbench.study.on_ray import OnRay

ray.init(num_cpus=2, include_dashboard=False, configure_logging=False, log_to_driver=False)
console = Console(file=io.StringIO(), width=200)
launchers = [OnRay(Perform("fake_runs", name), Path("out")) for name in ("perform", "look_at")]
found = Conducted(
    conduct(read_study(Path("some.yaml"), config_path), Path("out"), *launchers, console), console.file.getvalue()
)
Path("found.json").write_text(json.dumps([launchers[0].workers, found.started, found.failures]))
"""


def on_ray(folder: Path) -> tuple[int, list[str], dict[str, str]]:
    code = MAIN.format(tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "found.json").read_text())


@pytest.mark.slow
def test_a_study_on_ray(study, tmp_path):
    pytest.importorskip("ray")
    study(ONE + TUNED)
    workers, started, failures = on_ray(tmp_path)
    assert (workers, len(started), failures) == (2, 9, {})
    log = tmp_path / "out/text_generation/char_lstm-lstm-1/log.txt"
    assert log.read_text() == "trained char_lstm-lstm-1\n"
    assert on_ray(tmp_path)[1:] == [[], {}]

    study((ONE + TUNED).replace("[1, 2]", "[1, 13, 14]"))
    _, started, failures = on_ray(tmp_path)
    assert len(started) == len(failures) == 4
    assert failures["text_generation/char_lstm-lstm-13"] == "seed 13 brings bad luck"
    assert "its process died" in failures["text_generation/char_lstm-lstm-14"]
