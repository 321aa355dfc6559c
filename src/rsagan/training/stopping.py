"""Being asked to stop, by Ctrl-C or by a cluster that takes its machines back (SIGTERM): a run ends its step first."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Says, from the first such signal on, that one came; a second one acts as if nobody had waited for the first.

    Only the main thread hears signals; elsewhere the answer is always no. What is ignored stays so, as Ctrl-C is by a
    script's jobs in the background.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    before = {each: handler for each, handler in handlers.items() if handler is not signal.SIG_IGN}
    came = threading.Event()

    def hear(_number: int, _frame: FrameType | None) -> None:
        came.set()
        restore()

    def restore() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    for each in before:
        signal.signal(each, hear)
    try:
        yield came.is_set
    finally:
        restore()
