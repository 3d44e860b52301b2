"""The laws of applications, for every application that has a card."""

import pytest

from rnnbench.applications import applications
from rnnbench.testing import task_laws, task_laws_kept

LAWS = task_laws()


@pytest.mark.parametrize("application", applications())
def test_laws_of_one_tiny_training(application):
    laws = [law for law in LAWS if not law.slow]
    assert len(list(task_laws_kept(application, laws))) == len(laws)


@pytest.mark.slow
@pytest.mark.parametrize("law", [law for law in LAWS if law.slow], ids=lambda law: law.words)
@pytest.mark.parametrize("application", applications())
def test_laws_that_train(application, law):
    assert list(task_laws_kept(application, [law])) == [law.words]
