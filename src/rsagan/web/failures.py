"""How a request can fail that was sound by itself, and how that is told."""

from typing import Final

from rsagan.errors import AssetError, InputError


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


FAULT: Final = "A fault of this program, not yours; its operator finds it in the log."
# Status, sentence (None: the error's own) and headers.
FAILURES: Final[dict[type[Exception], tuple[int, str | None, dict[str, str]]]] = {
    InputError: (422, None, {}),
    Gone: (404, None, {}),
    Full: (503, "The service is busy; try again in a moment.", {"Retry-After": "2"}),
    Unready: (503, "The worker that paints is being started; ask again in a moment.", {"Retry-After": "5"}),
    WorkerLost: (
        503,
        "The worker that paints was lost and is being started again; ask again in a moment.",
        {"Retry-After": "5"},
    ),
    Overdue: (504, "It took too long and was given up; ask again.", {"Retry-After": "5"}),
    Superseded: (409, "A newer preview took this one's place.", {}),
    AssetError: (
        503,
        "Photos cannot be analysed here yet: the operator of this service has to run `rsagan assets --fetch`.",
        {"Retry-After": "600"},
    ),
    Fault: (500, FAULT, {}),
}


def failure(error: Exception) -> tuple[int, str, dict[str, str]]:
    """How a failure is told: status, one sentence, headers. Anything unforeseen is a fault of ours."""
    unforeseen = FAILURES[Fault]
    status, sentence, headers = next((told for kind, told in FAILURES.items() if isinstance(error, kind)), unforeseen)
    told = sentence or str(error)
    return status, told[:1].upper() + told[1:], headers  # what begins with the name of a part, as "the pose"
