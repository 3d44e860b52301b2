"""Processes that end together: one that fails, one that is killed, machines that share neither name nor folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FAILING = """
import os, signal, time
from length_task import LengthData, LengthModel
from rnnbench.errors import UserError


class Failing(LengthModel):
    def loss(self, batch):
        batch_idx = self.trainer.fit_loop.epoch_loop.batch_idx
        if batch_idx == 2 and self.trainer.global_rank == int(os.environ["FAILING_RANK"]):
            if os.environ["FAILING_HOW"] == "error":
                raise UserError("this recording is broken", where="a.wav")
            os.kill(os.getpid(), signal.SIGKILL)
        if batch_idx == 2:
            time.sleep(300)  # as it hangs in a collective operation of GPUs, where no connection closes
        return super().loss(batch)
"""
WORDS = (
    "fit --model failing.Failing --data length_task.LengthData --name one --trainer.max_epochs 1"
    " --trainer.accelerator cpu --trainer.strategy ddp"
)


def machine(folder: Path, words: str, **environment: object) -> subprocess.Popen[str]:
    """A command on a machine of its own: another working folder and cache."""
    folder.mkdir(exist_ok=True)
    shutil.copy(Path(__file__).parent / "own" / "length_task.py", folder)
    (folder / "failing.py").write_text(FAILING)
    env = {**os.environ, "OMP_NUM_THREADS": "1", "RNNBENCH_CACHE": str(folder / "cache")}
    env |= {name: str(value) for name, value in environment.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "rnnbench", *words.split()], cwd=folder, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str], within: float) -> str:
    try:
        return process.communicate(timeout=within)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"still there: {process.communicate()}")


def test_an_error_of_one_process_ends_the_other_and_is_told(tmp_path):
    process = machine(tmp_path / "a", f"{WORDS} --trainer.devices 2", FAILING_RANK=1, FAILING_HOW="error")
    said = ended(process, 120)
    assert process.returncode == 2
    assert "a.wav: this recording is broken" in said
    result = json.loads((tmp_path / "a/runs/sentiment/one/result.json").read_text())
    assert result["status"] == "failed"
    assert result["message"].startswith("process 1 on ")
    assert result["message"].endswith("failed: a.wav: this recording is broken")


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "how"), [(0, "error"), (1, "error"), (0, "kill"), (1, "kill")])
def test_two_machines_end_together(tmp_path, port, rank, how):
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "FAILING_RANK": rank, "FAILING_HOW": how}
    words = f"{WORDS} --trainer.devices 1 --trainer.num_nodes 2"
    machines = [machine(tmp_path / name, words, NODE_RANK=node, **common) for node, name in enumerate("ab")]
    said = [ended(one, 110) for one in machines]
    assert all(one.returncode for one in machines)
    if how == "error":
        assert any("this recording is broken" in one for one in said[: rank + 1])
    elif rank == 1:
        assert "process 1 has given no sign of life" in said[0]
    assert (tmp_path / "a/runs/sentiment/one/result.json").is_file()
    assert not (tmp_path / "b/runs").exists(), "the run folder is made once"


@pytest.mark.slow
def test_two_machines_train_as_one(tmp_path, port):
    words = f"{WORDS} --trainer.devices 1 --trainer.num_nodes 2".replace("failing.Failing", "length_task.LengthModel")
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    machines = [machine(tmp_path / name, words, NODE_RANK=node, **common) for node, name in enumerate("ab")]
    said = [ended(one, 200) for one in machines]
    assert [one.returncode for one in machines] == [0, 0], said
    assert json.loads((tmp_path / "a/runs/sentiment/one/result.json").read_text())["processes"] == 2
    assert not (tmp_path / "b/runs").exists(), "the run folder is made once"
