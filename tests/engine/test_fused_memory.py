"""Where there is no memory, native code says so; the process lives on, and goes on where there is memory again."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="a limit is set by what /proc says")

_START = """
import ctypes, resource
import torch
from rnnbench.cells import Elman
from rnnbench.engine.fused import FusedEngine
from rnnbench.engine.fused.native import native_plan
from rnnbench.engine.traced.prepare import prepare

torch.set_num_threads(2)

def limit(more):
    with open("/proc/self/status") as file:
        now = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmSize"))
    resource.setrlimit(resource.RLIMIT_AS, (now + more, resource.RLIM_INFINITY))

def lift():
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""
# The weights are packed in 64 MiB: beyond what the limit leaves, and above what malloc keeps of earlier.
_WEIGHTS = """
def call(cell, x):
    y, _ = FusedEngine().run(cell, dict(cell.named_parameters()), x, cell.initial_state(len(x), x), None)
    return y

small, large = Elman(2, 3), Elman(2, 4096)
x = torch.randn(2, 3, 2)
before = call(small, x)
call(small, x).sum().backward()
limit(32 * 2**20)
for grad in (False, True):
    with torch.set_grad_enabled(grad):
        try:
            call(large, x)
        except MemoryError as error:
            print(error)
assert torch.equal(call(small, x), before)
lift()
print(tuple(call(large, x).shape))
"""
# All memory is taken, to the last block; what is then called needs no object of Python's.
_EXHAUSTED = """
library = prepare(Elman(2, 3), False, torch.device("cpu")).derived(native_plan).native_code(torch.float32).shared
n = 300
a, b, sums = torch.randn(n, n), torch.randn(n, n), torch.zeros(n)
expected, found = a.t() @ b, torch.zeros(n, n)
number, pointer = ctypes.c_int64, ctypes.c_void_p
tensors = [pointer(one.data_ptr()) for one in (a, b, found, sums)]
given = [number(n)] * 3 + [tensors[0], number(n), number(1), tensors[1], number(n), number(0), pointer(None)]
given += [tensors[2], number(n), tensors[3], number(2), pointer(None)]
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = pointer, [ctypes.c_size_t], [pointer]
held = (pointer * 200000)()
limit(2**20)
count = 0
for size in (2**20, 2**16, 2**12):
    while count < len(held) and (block := libc.malloc(size)):
        held[count] = block
        count += 1
status = library.rnnbench_product(*given)
for k in range(count):
    libc.free(held[k])
lift()
print(status)
sums.zero_()
print(library.rnnbench_product(*given), bool(torch.allclose(found, expected, atol=1e-3)))
"""


def test_memory_that_cannot_be_allocated_is_an_error_and_not_the_end():
    # Where all is taken, a second thread cannot be started either: the first does all the work.
    done = subprocess.run(
        [sys.executable, "-c", _START + _WEIGHTS + _EXHAUSTED], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    said = "the fused engine cannot allocate the memory that it works in"
    assert done.stdout.splitlines() == [said, said, "(2, 3, 4096)", "1", "0 True"]
