"""The two kinds of failure that a user may see: their input, or an asset that cannot be had."""

import sys
from collections.abc import Iterable


class InputError(ValueError):
    """Something given to us cannot be used. The message is one sentence: what, where, what to do."""


class DivergedError(InputError):
    """Training ran away: a loss, a gradient or the weights are no numbers that can be used."""


class AssetError(RuntimeError):
    """A file that must be fetched once is neither in the cache nor to be had. One sentence: what, why, what to do."""


def check_numbers(of: str, table: object, names: Iterable[str], most: float = sys.float_info.max) -> None:
    """Refuse attributes that are not numbers from 0 to `most`; by default any that is finite.

    Args:
        of: whose they are, as messages call it: "The recipe's".

    Raises:
        InputError: naming the first that is not.
    """
    for name in names:
        value = getattr(table, name)
        if not 0 <= value <= most:
            wanted = "a share from 0 to 1" if most == 1 else "a number of at least 0"
            raise InputError(f"{of} {name} is {value}; it must be {wanted}.")
