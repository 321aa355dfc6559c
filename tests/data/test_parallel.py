"""Work spread over processes: what happens to it when one of them dies."""

import os

import pytest

from rsagan.data.parallel import in_parallel
from rsagan.errors import InputError


def test_a_worker_that_is_killed_is_one_sentence() -> None:
    with pytest.raises(InputError, match="fewer workers"):
        list(in_parallel(os._exit, [9, 9], 2))
