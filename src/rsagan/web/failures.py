"""How a request can fail that was sound by itself. `InputError` and `AssetError` come on top."""


class Gone(LookupError):
    """What was asked about is not kept, or not any more. The message is one sentence."""


class Full(RuntimeError):
    """All places are taken."""


class Unready(RuntimeError):
    """The worker is starting, or was lost and is being started again."""


class Superseded(RuntimeError):
    """A newer preview of the same hand made this one useless."""


class Overdue(RuntimeError):
    """It took longer than allowed; a worker that hung was ended."""


class WorkerLost(RuntimeError):
    """The worker process is gone."""


class Fault(RuntimeError):
    """A fault of ours, written to the log by the worker."""
