"""A stream is made ready ahead of time, and changes in nothing."""

import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from rsagan.training.ahead import ahead


class Stream:
    """Numbers from 0 on; remembers how far it is and whether it was closed."""

    def __init__(self, breaks_at: int = -1) -> None:
        self.given, self.closed, self.breaks_at = 0, False, breaks_at

    def numbers(self) -> Iterator[int]:
        try:
            while True:
                if self.given == self.breaks_at:
                    raise OSError("The disk is gone.")
                self.given += 1
                yield self.given - 1
        finally:
            self.closed = True


def test_order_is_kept_and_the_work_is_done_elsewhere() -> None:
    threads = set()

    def ready(number: int) -> str:
        threads.add(threading.current_thread())
        return str(number)

    items = ahead(Stream().numbers(), ready)
    assert list(islice(items, 50)) == [str(number) for number in range(50)]
    assert len(threads) == 1
    assert threading.main_thread() not in threads


def test_no_more_than_two_wait_and_closing_closes() -> None:
    stream = Stream()
    items = ahead(stream.numbers(), str)
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert stream.given <= 4
    assert stream.closed


def test_an_error_comes_where_its_item_would_have() -> None:
    stream = Stream(breaks_at=2)
    items = ahead(stream.numbers(), str)
    assert [next(items), next(items)] == ["0", "1"]
    with pytest.raises(OSError, match="disk is gone"):
        next(items)
    assert stream.closed
