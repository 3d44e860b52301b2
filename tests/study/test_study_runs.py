"""Real trainings in a study: killed and begun again they end with the numbers of a study that was left alone."""

import signal
import subprocess
import sys
import time

import pytest

from rnnbench.cli import main
from rnnbench.results.record import read_result

FILE = """
seeds: [1, 2]
budget: {parameters: 8000}
cells: [cells/lstm, Elman]
options: {data.source: Files, data.source.path: corpus}
applications:
  text_generation/char_lstm:
    options: {trainer.max_epochs: 3, model.embedding_size: 8, checkpoint.every_n_steps: 2}
    baselines: [text_generation/char_unigram]
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def _file(tmp_path):
    (tmp_path / "corpus").mkdir()
    for split, lines in (("train", 400), ("validation", 20), ("test", 20)):
        (tmp_path / "corpus" / f"{split}.txt").write_text("to be or not to be\n" * lines)
    (tmp_path / "some.yaml").write_text(FILE)


@pytest.mark.usefixtures("_file")
def test_killed_and_begun_again(tmp_path, capsys):
    assert main(["study", "some.yaml", "--out", "whole"]) == 0
    assert "5 done, 0 failed" in capsys.readouterr().out
    command = [sys.executable, "-m", "rnnbench", "study", "some.yaml", "--out", "killed"]
    for number in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        seen = set(tmp_path.glob("killed/*/*/checkpoints/last.ckpt"))
        while not set(tmp_path.glob("killed/*/*/checkpoints/last.ckpt")) - seen and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(number)
        process.communicate(timeout=120)
    assert main(["study", "some.yaml", "--out", "killed"]) == 0
    for path in (tmp_path / "whole").glob("*/*/result.json"):
        whole, killed = read_result(path), read_result(tmp_path / "killed" / path.relative_to(tmp_path / "whole"))
        assert killed.metrics == whole.metrics
        assert killed.training.tokens == whole.training.tokens
        assert killed.command == whole.command.replace("whole", "killed")
        assert (killed.status, killed.preset, killed.settings) == ("finished", whole.preset, whole.settings)
    assert not list(tmp_path.rglob("last.ckpt"))


@pytest.mark.usefixtures("_file")
def test_a_wrong_option_names_file_and_key(tmp_path, capsys):
    text = (tmp_path / "some.yaml").read_text().replace("trainer.max_epochs", "trainer.max_epoch")
    (tmp_path / "some.yaml").write_text(text)
    assert main(["study", "some.yaml", "--workers", "1"]) == 2
    printed = capsys.readouterr().err
    assert "some.yaml: applications.text_generation/char_lstm.options.trainer.max_epoch" in printed
    assert "did you mean: max_epochs" in printed
    assert {path.name for path in (tmp_path / "runs/studies/some").iterdir()} == {".lock", "logs"}
