"""What is set for a whole process before its first step."""

import subprocess
import sys

import pytest

FREED = """
import ctypes, resource, torch
from rsagan.training.process import prepare
prepare(1)
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(50_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
first, *others = [faults() for _ in range(20)]  # glibc needs a few before it finds what it has
print(torch.get_num_threads(), first, others[-1], hasattr(ctypes.CDLL(None), "mallopt"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is told to keep freed memory")
def test_memory_is_kept_for_the_next_step() -> None:
    told = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True).stdout.split()
    threads, first, last, glibc = int(told[0]), int(told[1]), int(told[2]), told[3] == "True"
    assert threads == 1
    if not glibc or not first:
        pytest.skip("this C library has no mallopt, or the system does not count pages")
    assert first > 50  # pages, which may be huge ones
    assert last < first / 10
