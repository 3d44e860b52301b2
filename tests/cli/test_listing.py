"""What ``rnnbench list`` reads from the sources is what the package has."""

import inspect

import rnnbench.cells
from rnnbench.cli.listing import cells


def test_cells_are_the_exported_classes_that_can_run():
    exported = [getattr(rnnbench.cells, name) for name in rnnbench.cells.__all__]
    concrete = [one for one in exported if inspect.isclass(one) and not inspect.isabstract(one)]
    assert [name for name, _ in cells()] == sorted(one.__name__ for one in concrete)
    assert all(len(text) > 10 for _, text in cells())
