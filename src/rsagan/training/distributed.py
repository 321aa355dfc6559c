"""Several processes, one training: each takes its share of every batch, and all of them take the same step.

Started by `torchrun` (or anything else that sets RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT), the
processes talk through NCCL where there are graphics cards and through Gloo on processors. Alone, every function here
gives back what it was given.

The step is that of one process with the whole batch, up to rounding: gradients are averaged, and a loss that divides by
something counted over the batch divides by what all processes counted together (`ratio`). The gradients travel in one
piece once they are complete, not in buckets while they are made (`DistributedDataParallel`): bucket borders move after
the first step, and with them the order of summation, so a resumed run would not end bit for bit as an undisturbed one.
"""

import os
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from rsagan.errors import InputError
from rsagan.network import best_device

_PATIENCE = timedelta(minutes=10)  # the longest that others may have to wait for one, say while a picture grid is drawn


@dataclass(frozen=True)
class Group:
    """Where this process stands: `rank` of `world` processes, and the device that it computes on."""

    rank: int
    world: int
    device: torch.device

    @property
    def chief(self) -> bool:
        """Whether this is the one process that writes files."""
        return self.rank == 0

    def share_of(self, batch: int) -> int:
        """How many pairs of a batch each process takes. Raises InputError if the processes do not divide it."""
        if batch % self.world:
            raise InputError(
                f"The recipe's batch of {batch} cannot be shared by {self.world} processes; "
                "choose a number of processes that divides it."
            )
        return batch // self.world


@contextmanager
def joined() -> Iterator[Group]:
    """Join the processes that were started together, if there are others; leave them at the end.

    Raises:
        InputError: the launcher's variables are incomplete, there are fewer graphics cards than processes here, or the
            processes do not reach each other; so does whatever here needs all of them, once one has ended.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Group(0, 1, best_device())
        return
    cuda = torch.cuda.is_available()
    missing = [name for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise InputError(f"WORLD_SIZE is {world}, but {', '.join(missing)} is not set; start training with torchrun.")
    local = int(os.environ["LOCAL_RANK"])
    if cuda and local >= torch.cuda.device_count():
        raise InputError(
            f"Process {local} of this machine has no graphics card: there are {torch.cuda.device_count()}; "
            "start one process a card."
        )
    device = torch.device("cuda", local) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    with _together():
        store, place, world = next(dist.rendezvous("env://", timeout=_PATIENCE))
        dist.init_process_group(
            "nccl" if cuda else "gloo",
            store=_meet(store, place, world),
            rank=place,
            world_size=world,
            timeout=_PATIENCE,
            device_id=device if cuda else None,
        )
    try:
        yield Group(rank(), world, device)
    finally:
        dist.destroy_process_group()


@contextmanager
def _together() -> Iterator[None]:
    """For what needs all processes: raises InputError if another has ended or is not to be reached."""
    try:
        yield
    except RuntimeError as error:  # torch.distributed's own errors are some, and Gloo's are no more than that
        reason = str(error).splitlines()[0]
        raise InputError(
            f"The processes of this training do not reach each other ({reason}); one of them may have ended: see what "
            "it said. The same command goes on from the last checkpoint."
        ) from error


def _meet(store: dist.Store, place: int, world: int) -> dist.Store:
    """A part of the store that nobody has written to yet, the same for all processes.

    `torchrun` restarts processes with the store of those that died, and what these left there, their addresses above
    all, must not be taken for that of the new ones. So each tells the first process a name that nobody had before, and
    is told under this name where all of them meet.
    """
    name = str(uuid.uuid4())
    if place > 0:
        store.set(f"name of {place}", name)
        meeting = store.get(f"where {name} meets").decode()  # waits for it
        store.set(f"{meeting} knows {place}", "")
        return dist.PrefixStore(meeting, store)
    told: dict[int, bytes] = {}
    absent = set(range(1, world))
    deadline = time.monotonic() + _PATIENCE.total_seconds()
    while absent:
        for other in sorted(absent):
            if store.check([f"{name} knows {other}"]):
                absent.remove(other)
            elif store.check([f"name of {other}"]) and told.get(other) != (theirs := store.get(f"name of {other}")):
                store.set(f"where {theirs.decode()} meets", name)
                told[other] = theirs
        if time.monotonic() > deadline:
            raise InputError(f"Processes {sorted(absent)} of {world} did not come; see what they said before.")
        time.sleep(0.02)
    return dist.PrefixStore(name, store)


def world_size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Which of them this one is, from 0 on."""
    return dist.get_rank() if world_size() > 1 else 0


def total(value: Tensor) -> Tensor:
    """The sum of a tensor over all processes; no gradient flows through it."""
    value = value.detach()
    if world_size() > 1:
        value = value.clone()
        with _together():
            dist.all_reduce(value)
    return value


def anybody(flag: bool, device: torch.device) -> bool:
    """Whether the flag is set in any process."""
    return flag if world_size() == 1 else bool(total(torch.tensor(float(flag), device=device)) > 0)


def ratio(numerator: Tensor, denominator: Tensor, least: float = 1e-6) -> Tensor:
    """This process's part of a quotient of two sums over the whole batch, wherever its pairs lie.

    The mean over processes of what this returns, and of its gradients, is the quotient of the sums over all of them,
    which the mean of their own quotients is not.

    Args:
        numerator, denominator: scalars; the gradient flows through the first alone.
        least: the whole denominator counts as at least this.
    """
    return numerator * world_size() / total(denominator).clamp_min(least)


def average(values: Tensor) -> Tensor:
    """The mean of a tensor over all processes."""
    return total(values) / world_size()


def collected(tensors: Sequence[Tensor], mine: Collection[int]) -> Sequence[Tensor]:
    """All tensors of a list for everybody, of which this process has computed those at the places `mine`.

    What it holds at the others is not looked at, but for its shape; each place is one process's.
    """
    if world_size() == 1:
        return tensors
    own = set(mine)
    pieces = [each if place in own else torch.zeros_like(each) for place, each in enumerate(tensors)]
    return _split(total(torch.cat([each.reshape(-1) for each in pieces])), tensors)  # whatever is added to 0 stays


def _split(flat: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """A vector as tensors shaped like others."""
    parts = flat.split([each.numel() for each in like])
    return [part.view_as(each) for part, each in zip(parts, like, strict=True)]


def average_gradients(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Give every process the mean of all processes' gradients, in one exchange."""
    if world_size() == 1:
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = average(torch.cat([gradient.reshape(-1) for gradient in gradients]))
    for gradient, part in zip(gradients, _split(flat, gradients), strict=True):
        gradient.copy_(part)


def from_chief(data: bytes | None, device: torch.device) -> bytes | None:
    """What the chief read, for everybody: the others need no common disk. Their own `data` is not looked at."""
    if world_size() == 1:
        return data
    length = torch.tensor([-1 if data is None else len(data)], device=device)
    with _together():
        dist.broadcast(length, 0)
    if int(length) < 0:
        return None
    if rank() == 0:
        assert data is not None
        content = torch.frombuffer(bytearray(data), dtype=torch.uint8).to(device)
    else:
        content = torch.empty(int(length), dtype=torch.uint8, device=device)
    with _together():
        dist.broadcast(content, 0)
    return content.cpu().numpy().tobytes()
