"""The two kinds of failure that a user may see: their input, or an asset that cannot be had."""


class InputError(ValueError):
    """Something given to us cannot be used. The message is one sentence: what, where, what to do."""


class AssetError(RuntimeError):
    """A file that must be fetched once is neither in the cache nor to be had. One sentence: what, why, what to do."""
