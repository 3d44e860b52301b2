"""Maps in one file: what was written is what is read, and nothing stays of a file that was not finished."""

import errno

import numpy as np
import pytest

from rnnbench.data.images.maps import has_maps, read_maps, write_maps
from rnnbench.errors import UserError


def parts(*sizes, dtype="float32"):
    random = np.random.default_rng(0)
    return [random.normal(size=(size, 2, 3, 4)).astype(dtype) for size in sizes]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parts_lie_one_after_the_other(tmp_path, dtype):
    file, made = tmp_path / "new/maps.npy", parts(3, 3, 1, dtype=dtype)
    assert not has_maps(file)
    write_maps(file, iter(made), 7)
    assert has_maps(file)
    whole = np.concatenate(made)
    assert (np.load(file) == whole).all()
    found = read_maps(file, [6, 0, 3, 0])
    assert found.dtype == whole.dtype
    assert (found == whole[[6, 0, 3, 0]]).all()
    found[:] = 0  # of its own, not the file's
    assert (read_maps(file, [0]) == whole[:1]).all()


def test_a_part_that_does_not_follow_its_neighbour_in_memory(tmp_path):
    made = parts(3)[0].transpose(0, 2, 1, 3)
    write_maps(tmp_path / "maps.npy", [made], 3)
    assert (np.load(tmp_path / "maps.npy") == made).all()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_whole_or_not_at_all(tmp_path, error):
    def broken():
        yield parts(3)[0]
        raise error

    with pytest.raises(UserError if isinstance(error, OSError) else KeyboardInterrupt) as found:
        write_maps(tmp_path / "maps.npy", broken(), 6)
    assert list(tmp_path.iterdir()) == []
    if isinstance(error, OSError):
        assert "No space left on device" in str(found.value)
        assert "RNNBENCH_CACHE" in str(found.value)


def test_a_file_that_was_cut_off(tmp_path):
    file = tmp_path / "maps.npy"
    write_maps(file, parts(5), 5)
    file.write_bytes(file.read_bytes()[:-1])
    assert not has_maps(file)
    file.write_bytes(b"")
    assert not has_maps(file)
