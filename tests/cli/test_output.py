"""Exit codes when nobody reads what is said."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "arguments",
    [("generate", "nothing.jpg", "--pose", "walk"), ("generate",), ("--nonsense",), ("evaluate", "nothing", "--json")],
)
def test_a_failure_is_one_though_nobody_reads_why(arguments: tuple[str, ...]) -> None:
    unread, stderr = os.pipe()
    os.close(unread)
    try:
        command = [sys.executable, "-m", "rsagan", *arguments]
        ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=stderr, timeout=60)
    finally:
        os.close(stderr)
    assert ended.returncode == 2
