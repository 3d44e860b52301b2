"""The same study on a local cluster of Ray."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from a_study import ONE, TUNED

from rnnbench.errors import UserError
from rnnbench.study.launch import Perform
from rnnbench.study.on_ray import OnRay

ROOT = Path(__file__).parents[2]


def test_without_ray_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError) as caught:
        OnRay(Perform("fake_runs", "perform"), tmp_path)
    assert "rnnbench[ray]" in caught.value.hint


@pytest.mark.parametrize("named", [None, "ray://there:10001"])
def test_no_cluster_is_joined_that_nobody_named(monkeypatch, tmp_path, named):
    told = []
    ray = SimpleNamespace(
        is_initialized=lambda: False,
        init=lambda address, **options: told.append(address),
        cluster_resources=lambda: {"CPU": 3.0},
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if named is not None:
        monkeypatch.setenv("RAY_ADDRESS", named)
    assert OnRay(Perform("fake_runs", "perform"), tmp_path).workers == 3
    assert told == [named or "local"]


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

{cluster}
console = Console(file=io.StringIO(), width=200)
launchers = [OnRay(Perform("fake_runs", name), Path("out")) for name in ("perform", "look_at")]
found = Conducted(
    conduct(read_study(Path("some.yaml"), config_path), Path("out"), *launchers, console), console.file.getvalue()
)
Path("found.json").write_text(json.dumps([launchers[0].workers, found.started, found.failures]))
"""


HERE = "ray.init(address='local', num_cpus=2, include_dashboard=False, configure_logging=False, log_to_driver=False)"
# A machine without a core, which conducts, and two of one core each, of which one dies when a run has begun.
TWO_MACHINES = """
import threading, time
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
machines = [cluster.add_node(num_cpus=1) for _ in range(2)]
cluster.wait_for_nodes()
ray.init(address=cluster.address, configure_logging=False, log_to_driver=False)

def kill():
    while not list(Path("out").rglob("steps")):
        time.sleep(0.01)
    cluster.remove_node(machines[0], allow_graceful=False)

threading.Thread(target=kill, daemon=True).start()
"""


def on_ray(folder: Path, cluster: str = HERE) -> tuple[int, list[str], dict[str, str]]:
    tests = str(Path(__file__).parent)
    code = MAIN.format(tests=tests, cluster=cluster)
    environment = {**os.environ, "FAKE_SLOW": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), tests])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, text=True, capture_output=True, check=False
    )
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


@pytest.mark.slow
def test_what_ran_on_a_machine_that_dies_goes_on_on_another(study, tmp_path):
    pytest.importorskip("ray")
    study(ONE.replace("[1, 2]", "[1, 2, 3]"))
    workers, started, failures = on_ray(tmp_path, TWO_MACHINES)
    assert (workers, failures) == (2, {})
    # Seven runs, one of them a second time, which takes no step again.
    assert (len(started), len(set(started))) == (8, 7)
    steps = [file.read_text() for file in tmp_path.rglob("steps")]
    assert steps == ["0 1 2 3 "] * 7
