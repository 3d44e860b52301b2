"""Two processes against one: the same metric to the bit, on data whose size divides by nothing."""

import multiprocessing
import os

import pytest

from rnnbench.cli import main
from rnnbench.results.record import read_result


@pytest.fixture
def words(tmp_path):
    (tmp_path / "corpus").mkdir()
    text = "".join(f"{k * k % 97} and {k % 13}; " for k in range(400))
    for split, size in (("train", 3001), ("validation", 401), ("test", 1009)):
        (tmp_path / "corpus" / f"{split}.txt").write_text(text[:size])
    return (
        "--config text_generation/char_lstm --data.source Files --data.source.path corpus --data.batch_size 4"
        " --model.backbone.hidden_size 16 --trainer.max_epochs 1 --data.evaluation_strips 7 --data.evaluation_batch 2"
    )


def _rank(rank: int, environment: dict[str, str], words: str) -> None:
    os.environ.update(environment, RANK=str(rank), LOCAL_RANK=str(rank))
    raise SystemExit(main(words.split()))


def as_torchrun(words: str, port: int) -> None:
    """Starts a command twice, as torchrun would, in copies of this process: they have imported everything."""
    environment = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "GROUP_RANK": "0"}
    environment |= {"LOCAL_WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "test"}
    words += " --trainer.accelerator cpu --trainer.strategy ddp --trainer.devices 2 --debug"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_rank, args=(rank, environment, words)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        process.kill()
    assert [process.exitcode for process in processes] == [0, 0]


def test_two_processes_train_and_measure_as_one(words, port, tmp_path):
    as_torchrun(f"fit {words} --name pair", port)
    run = tmp_path / "runs/text_generation/pair"
    trained = read_result(run / "result.json")
    assert trained.processes == 2
    assert trained.training.tokens == 3001 // 8 * 8

    # Of the test split: see "two processes measure as one" of `rnnbench.testing.task`.
    by_two = trained.metrics["validation"]
    assert main(f"validate --run {run} --trainer.strategy auto --trainer.devices 1 --debug".split()) == 0
    assert read_result(run / "result.json").metrics["validation"] == by_two
    assert "tokens:401" in by_two["perplexity"].signature


@pytest.mark.slow
def test_another_way_of_reading_side_by_side_changes_only_rounding(words, tmp_path):
    assert main(f"fit {words} --name one --debug".split()) == 0
    values = []
    for batch in (1, 3, 7):
        assert main(f"test --run runs/text_generation/one --data.evaluation_batch {batch} --debug".split()) == 0
        result = read_result(tmp_path / "runs/text_generation/one/result.json")
        values.append(result.metrics["test"]["perplexity"].value)
    assert values == pytest.approx([values[0]] * 3, rel=1e-6)
