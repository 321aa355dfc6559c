"""The generator's optimiser: Adam, or Muon for its matrices and Adam for the rest."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from rsagan.training import distributed
from rsagan.training.recipe import Recipe

_LEAST: Final = 16  # rows and columns of what counts as a matrix
_ITERATIONS: Final = 5
_QUINTIC: Final = (3.4445, -4.7750, 2.0315)  # of an iteration; as torch.optim.Muon has them


class GeneratorOptimizer:
    """What changes the generator's parameters, by the recipe's `optimizer`.

    Muon takes weights of linear layers and convolutions (out, rest); their updates are scaled to the size that Adam's
    have, so that one learning rate serves both. Biases, gains, depth-wise and very narrow weights are left to Adam.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], recipe: Recipe) -> None:
        every = list(parameters)
        self._matrices = [p for p in every if recipe.optimizer == "muon" and _is_matrix(p)]
        theirs = {id(p) for p in self._matrices}
        rest = [p for p in every if id(p) not in theirs]
        self._adam = torch.optim.Adam(rest, recipe.learning_rate, cast(Any, recipe.betas), fused=True)
        self._views = [nn.Parameter(_flat(p.detach(), p)) for p in self._matrices]
        self._muon = _Muon(self._views) if self._views else None

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._matrices:
            parameter.grad = None
        self._adam.zero_grad(set_to_none=True)

    def step(self, learning_rate: float) -> None:
        """Change the parameters by their gradients."""
        for each in (self._adam, self._muon):
            for group in each.param_groups if each else ():
                group["lr"] = learning_rate
        self._adam.step()
        if self._muon:
            for view, parameter in zip(self._views, self._matrices, strict=True):
                view.grad = None if parameter.grad is None else _flat(parameter.grad, parameter)
            self._muon.step()

    def state_dict(self) -> dict[str, Any]:
        """As a checkpoint holds it."""
        adam = self._adam.state_dict()
        return {"adam": adam, "muon": self._muon.state_dict()} if self._muon else adam

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The inverse, for the same parameters and the same recipe."""
        self._adam.load_state_dict(state["adam"] if self._muon else state)
        if self._muon:
            self._muon.load_state_dict(state["muon"])


class _Muon(torch.optim.Muon):
    """Torch's iterates in bfloat16, which many processors only emulate, and takes one matrix after another.

    This one iterates in float32, on all matrices of one height at once; of several processes each takes its share. What
    its state is, and how large its steps are, is as there with `match_rms_adamw`.
    """

    def __init__(self, matrices: Iterable[nn.Parameter]) -> None:
        super().__init__(matrices, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            matrices = [matrix for matrix in group["params"] if matrix.grad is not None]
            updates = [self._ahead(matrix, group["momentum"]) for matrix in matrices]
            mine = _share([update.shape for update in updates], distributed.world_size())[distributed.rank()]
            for place, update in zip(mine, _orthogonal([updates[place] for place in mine]), strict=True):
                updates[place] = update
            for matrix, update in zip(matrices, distributed.collected(updates, mine), strict=True):
                matrix.add_(update, alpha=-0.2 * math.sqrt(max(matrix.shape)) * group["lr"])

    def _ahead(self, matrix: Tensor, momentum: float) -> Tensor:
        """The gradient's moving average, one step ahead (Nesterov)."""
        assert matrix.grad is not None
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix.grad)
        average: Tensor = state["momentum_buffer"].lerp_(matrix.grad, 1 - momentum)
        return matrix.grad.lerp(average, momentum)


def _share(shapes: Sequence[Sequence[int]], processes: int) -> list[list[int]]:
    """Which matrices each process takes, so that all have about as much to do."""
    work = [min(shape) ** 2 * (2 * max(shape) + 17 * min(shape)) for shape in shapes]
    shares: list[list[int]] = [[] for _ in range(processes)]
    loads = [0] * processes
    for place in sorted(range(len(shapes)), key=lambda place: -work[place]):
        least = loads.index(min(loads))
        shares[least].append(place)
        loads[least] += work[place]
    return shares


def _orthogonal(matrices: Sequence[Tensor]) -> list[Tensor]:
    """Matrices (R, C) with all singular values moved near one, by a Newton-Schulz iteration.

    An iteration X' = P X, where P is a polynomial of the Gram matrix X X^T, makes of that P X X^T P. So the small
    square matrices are iterated, and the product of all P meets the wide one once: for a 3x3 convolution 35 products
    of the size R^3 instead of 95. Errors of the Gram matrix grow tenfold an iteration, so it wants float32.
    """
    found, alike = [], defaultdict(list)
    for place, matrix in enumerate(matrices):
        wide = matrix if len(matrix) <= matrix.shape[1] else matrix.mT
        found.append(wide / wide.norm().clamp(min=1e-7))
        alike[len(wide)].append(place)
    for places in alike.values():
        products = _iterated(torch.stack([found[place] @ found[place].mT for place in places]))
        for place, product in zip(places, products, strict=True):
            found[place] = product @ found[place]
    return [each if each.shape == matrix.shape else each.mT for each, matrix in zip(found, matrices, strict=True)]


def _iterated(gram: Tensor) -> Tensor:
    """The product of the P of all iterations, for Gram matrices (N, R, R)."""
    product = step = _polynomial(gram)
    for _ in range(_ITERATIONS - 1):
        gram = step @ gram @ step
        step = _polynomial(gram)
        product = step @ product
    return product


def _polynomial(gram: Tensor) -> Tensor:
    linear, cubic, fifth = _QUINTIC
    found = torch.baddbmm(gram, gram, gram, beta=cubic, alpha=fifth)
    found.diagonal(dim1=1, dim2=2).add_(linear)
    return found


def _is_matrix(parameter: Tensor) -> bool:
    return parameter.ndim in (2, 4) and min(len(parameter), parameter[0].numel()) >= _LEAST


def _flat(tensor: Tensor, parameter: Tensor) -> Tensor:
    """(out, rest) of a tensor in the order in which the parameter lies in memory, so that of itself it is a view."""
    if tensor.ndim == 4 and not parameter.is_contiguous():
        tensor = tensor.permute(0, 2, 3, 1)
    return tensor.flatten(1)
