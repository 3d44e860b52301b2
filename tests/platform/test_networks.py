"""Two machines as they are: each with a name, a network and a cache of its own, joined by nothing but a cable."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WORDS = (
    "fit --model length_task.LengthModel --data length_task.LengthData --name one --trainer.max_epochs 1"
    " --trainer.accelerator cpu --trainer.strategy ddp --trainer.devices 1 --trainer.num_nodes 2"
)
NAMES = ("rnnbench-a", "rnnbench-b")


def ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True, capture_output=True)


@pytest.fixture
def networks():
    """Two network namespaces joined by a cable; skips where the system gives none."""
    if not all(map(shutil.which, ("ip", "unshare"))):
        pytest.skip("there is no ip and no unshare")
    try:
        for name in NAMES:
            ip(f"netns add {name}")
    except subprocess.CalledProcessError:
        pytest.skip("this user makes no network namespaces")
    try:
        ip(f"link add rnnb-a netns {NAMES[0]} type veth peer name rnnb-b netns {NAMES[1]}")
        for number, name in enumerate(NAMES, start=1):
            link = f"rnnb-{name[-1]}"
            for words in (f"addr add 10.77.0.{number}/24 dev {link}", f"link set {link} up", "link set lo up"):
                ip(f"-n {name} {words}")
        yield NAMES
    finally:
        for name in NAMES:
            ip(f"netns delete {name}")


def run(folder: Path, networks, **environment: str) -> list[subprocess.Popen[str]]:
    """The training on both machines, which cannot look up their own names."""
    started = []
    for rank, network in enumerate(networks):
        own = folder / network
        own.mkdir()
        shutil.copy(Path(__file__).parent / "own" / "length_task.py", own)
        env = {**os.environ, "OMP_NUM_THREADS": "1", "RNNBENCH_CACHE": str(own / "cache"), "NODE_RANK": str(rank)}
        env |= {"MASTER_ADDR": "10.77.0.1", "MASTER_PORT": "29500", **environment}
        words = f"hostname {network}; exec {sys.executable} -m rnnbench {WORDS}"
        started.append(
            subprocess.Popen(
                ["ip", "netns", "exec", network, "unshare", "--uts", "bash", "-c", words],
                cwd=own,
                env=env,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
    return started


@pytest.mark.slow
def test_machines_with_networks_of_their_own_train_as_one(networks, tmp_path):
    machines = run(tmp_path, networks)
    said = [one.communicate(timeout=200)[1] for one in machines]
    assert [one.returncode for one in machines] == [0, 0], said
    assert json.loads((tmp_path / NAMES[0] / "runs/sentiment/one/result.json").read_text())["processes"] == 2
    assert not (tmp_path / NAMES[1] / "runs").exists(), "the run folder is made once"


@pytest.mark.slow
def test_machines_that_do_not_find_each_other_say_so_within_a_minute(networks, tmp_path):
    machines = run(tmp_path, networks, GLOO_SOCKET_IFNAME="lo")
    said = [one.communicate(timeout=100)[1] for one in machines]
    assert [one.returncode for one in machines] == [2, 2], said
    assert any("the processes cannot reach each other" in one and "GLOO_SOCKET_IFNAME" in one for one in said)
