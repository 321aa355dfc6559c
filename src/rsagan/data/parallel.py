"""Work spread over processes, whose results come back one by one."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from rsagan.errors import InputError

Given = TypeVar("Given")
Made = TypeVar("Made")
_WAITING = 3  # tasks a worker has been given and not finished


def in_parallel(function: Callable[[Given], Made], tasks: Iterable[Given], workers: int) -> Iterator[Made]:
    """Yield what `function` makes of each task, in the order they are finished; 1 worker is this process.

    Only a few tasks are under way at a time, so memory does not grow with their number. An error of one, or Ctrl-C,
    ends all at once: a function writes files whole or not at all.
    """
    if sys.platform == "win32":
        workers = min(workers, 61)  # no more can be waited for there
    if workers <= 1:
        yield from map(function, tasks)
        return
    context = multiprocessing.get_context("spawn")
    rest = iter(tasks)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker) as pool:
        pending: set[Future[Made]] = set()
        try:
            with _deaf_to_interrupts():  # which the workers, started here, inherit: Ctrl-C is the parent's to handle
                pending |= {pool.submit(function, task) for task in islice(rest, _WAITING * workers)}
            while pending:
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                pending |= {pool.submit(function, task) for task in islice(rest, len(finished))}
                for future in finished:
                    yield future.result()
        except BrokenProcessPool as error:
            raise InputError(
                "A worker ended by itself, perhaps for want of memory; run it again with fewer workers, it goes on."
            ) from error
        except BaseException:
            # What they have begun may take minutes, and the program's end would wait for it. (Python 3.14 has a call.)
            at_work = list(pool._processes.values())
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in at_work:
                worker.kill()
            raise


def start_worker() -> None:
    """Make this a process that works for another: one thread, signals left to the parent, no life after the parent's.

    A cluster tells all processes to end, and a parent may still have something to finish.
    """
    os.environ |= {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # the second is torch's, where it comes later
    import cv2

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    cv2.setNumThreads(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may ask, and is interrupted
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _die_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
