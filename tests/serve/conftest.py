"""A tiny run behind an address."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from http_client import Reply, request, serving

import rnnbench
from rnnbench.serve.served import Served

TINY = {"max_epochs": 1, "model__backbone__hidden_size": 4, "model__embedding__embedding_size": 4}


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that tells fine films from dull ones."""
    kinds = [("fine", "good"), ("dull", "bad"), ("great", "good")]
    rows = [{"text": f"a {kinds[i % 3][0]} film {i % 7}", "label": kinds[i % 3][1]} for i in range(120)]
    return rnnbench.fit("sentiment/builtin", rows, runs=tmp_path_factory.mktemp("runs"), name="tiny", **TINY).path


@pytest.fixture(scope="session")
def served(classifier: Path) -> Served:
    return Served(rnnbench.load(classifier))


@pytest.fixture
def ask(served: Served) -> Iterator[Callable[..., Reply]]:
    """Asks a server of the tiny run."""
    with serving(served) as server:
        yield lambda body, **headers: request(server, "/runs/sentiment/tiny/predict", body, **headers)
