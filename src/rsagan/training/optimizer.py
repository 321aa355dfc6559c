"""The generator's optimiser: Adam, or Muon for its matrices and Adam for the rest."""

from collections.abc import Iterable
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from rsagan.training.recipe import Recipe

_LEAST: Final = 16  # rows and columns of what counts as a matrix


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
        self._muon = (
            torch.optim.Muon(self._views, recipe.learning_rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
            if self._views
            else None
        )

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


def _is_matrix(parameter: Tensor) -> bool:
    return parameter.ndim in (2, 4) and min(len(parameter), parameter[0].numel()) >= _LEAST


def _flat(tensor: Tensor, parameter: Tensor) -> Tensor:
    """(out, rest) of a tensor in the order in which the parameter lies in memory, so that of itself it is a view."""
    if tensor.ndim == 4 and not parameter.is_contiguous():
        tensor = tensor.permute(0, 2, 3, 1)
    return tensor.flatten(1)
