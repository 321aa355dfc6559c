"""What is set for a whole process before its first step."""

import ctypes
import sys
from typing import Final

import torch

# glibc's numbers (malloc.h) of what `mallopt` can set, and what makes it keep what was freed.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_KEPT: Final = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 2**28))


def prepare(threads: int) -> None:
    """Make this process ready to train: so many threads for torch (0 leaves them alone), and nothing looked for twice.

    Every step has the same shapes, so on graphics cards the fastest way is worth looking for, and on Linux the memory
    that a step frees is kept for the next one: from the system it would come page by page, each full of zeros.
    """
    if threads:
        torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = True
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        for what, value in _KEPT:
            libc.mallopt(what, value)
