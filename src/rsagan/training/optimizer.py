"""The generator's optimiser: Adam, or Muon for its matrices and Adam for the rest."""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from rsagan.training.recipe import Recipe

_LEAST: Final = 16  # rows and columns of what counts as a matrix
_ITERATIONS: Final = 5
_QUINTIC: Final = (3.4445, -4.7750, 2.0315)  # of an iteration; as torch.optim.Muon has them


class GeneratorOptimizer:
    """What changes the generator's parameters, by the recipe's `optimizer`.

    Muon takes weights of linear layers and convolutions (out, rest); their updates are scaled to the size that Adam's
    have, so that one learning rate serves both. Biases, gains, depth-wise and very narrow weights are left to Adam.

    Args:
        kind: what Muon's products are made in, torch.bfloat16 or torch.float32.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], recipe: Recipe, kind: torch.dtype = torch.float32) -> None:
        every = list(parameters)
        self._matrices = [p for p in every if recipe.optimizer == "muon" and _is_matrix(p)]
        theirs = {id(p) for p in self._matrices}
        rest = [p for p in every if id(p) not in theirs]
        self._adam = torch.optim.Adam(rest, recipe.learning_rate, cast(Any, recipe.betas), fused=True)
        self._views = [nn.Parameter(_flat(p.detach(), p)) for p in self._matrices]
        self._muon = _Muon(self._views, kind) if self._views else None

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

    This one iterates in `kind`, on all matrices of one shape at once. What its state is, and how large its steps are,
    is as there with `match_rms_adamw`.
    """

    def __init__(self, matrices: Iterable[nn.Parameter], kind: torch.dtype) -> None:
        super().__init__(matrices, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
        self._kind = kind

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            alike: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    alike[tuple(matrix.shape)].append(matrix)
            for shape, these in alike.items():
                updates = _orthogonal(torch.stack([self._ahead(each, group["momentum"]) for each in these]), self._kind)
                size = 0.2 * math.sqrt(max(shape)) * group["lr"]
                for matrix, update in zip(these, updates, strict=True):
                    matrix.add_(update, alpha=-size)

    def _ahead(self, matrix: Tensor, momentum: float) -> Tensor:
        """The gradient's moving average, one step ahead (Nesterov)."""
        assert matrix.grad is not None
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix.grad)
        average: Tensor = state["momentum_buffer"].lerp_(matrix.grad, 1 - momentum)
        return matrix.grad.lerp(average, momentum)


def _orthogonal(matrices: Tensor, kind: torch.dtype) -> Tensor:
    """Matrices (N, R, C) with all singular values moved near one, by a Newton-Schulz iteration."""
    linear, cubic, fifth = _QUINTIC
    tall = matrices.shape[1] > matrices.shape[2]
    found = (matrices.mT if tall else matrices).to(kind)
    found = found / found.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_ITERATIONS):
        gram = found @ found.mT
        found = torch.baddbmm(found, torch.baddbmm(gram, gram, gram, beta=cubic, alpha=fifth), found, beta=linear)
    return found.mT if tall else found


def _is_matrix(parameter: Tensor) -> bool:
    return parameter.ndim in (2, 4) and min(len(parameter), parameter[0].numel()) >= _LEAST


def _flat(tensor: Tensor, parameter: Tensor) -> Tensor:
    """(out, rest) of a tensor in the order in which the parameter lies in memory, so that of itself it is a view."""
    if tensor.ndim == 4 and not parameter.is_contiguous():
        tensor = tensor.permute(0, 2, 3, 1)
    return tensor.flatten(1)
