"""A training that begins from the weights of a run: what is taken, what is frozen, how fast each layer learns."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch.optim import Optimizer

from rnnbench.errors import UserError
from rnnbench.ranges import Range
from rnnbench.results.record import Result, Start
from rnnbench.tasks.base import Task
from rnnbench.tasks.base.transfer import NEW, layer_groups, summary, take, vocabulary

Freeze = Literal["none", "gradual", "taken"]


@dataclasses.dataclass(frozen=True)
class Origin:
    """A trained run, to begin from.

    Args:
        run: How it was named.
        model: Its model, with the weights of the best checkpoint.
        result: Its record.
    """

    run: str
    model: Task[Any]
    result: Result

    def tokens(self) -> dict[str, Sequence[str]]:
        """The vocabulary that it reads by, by what its tokens are; empty where it reads none."""
        return vocabulary(self.model)


class FineTuning(Callback):
    """Begins from the weights of the run that ``--from`` names, and says what was taken of them.

    J. Howard and S. Ruder, Universal Language Model Fine-tuning for Text Classification, ACL 2018.

    Args:
        freeze: Which weights stay as they were taken: ``none``; ``gradual``, all at first, and after each epoch one
            layer fewer, from the output down; ``taken``, all, always. A weight that is new is never frozen.
        rate_decay: By what the learning rate is divided from each layer to the one below it; the paper takes 2.6.
    """

    def __init__(self, freeze: Freeze = "none", rate_decay: Annotated[float, Range(least=1)] = 1.0) -> None:
        self.freeze: Freeze = freeze
        self.rate_decay = rate_decay
        self.origin: Origin | None = None
        self.start: Start | None = None
        self._model: Task[Any] | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Has the model begin from the run's weights once it is built, and learn at the rates of its layers."""
        if stage != "fit" or not isinstance(pl_module, Task):
            return
        if self.freeze == "gradual" and trainer.world_size > 1:
            # Processes agree at the beginning on whose gradients they exchange.
            raise UserError(
                "layers cannot be freed one after the other on several processes",
                where="--fine_tuning.freeze gradual",
                hint="--trainer.devices 1, or --fine_tuning.freeze none",
            )
        pl_module.fine_tuning = self
        self._model = pl_module

    def begin(self, model: Task[Any]) -> None:
        """Takes the weights into a model that was just built; a training that goes on has them already.

        Args:
            model: The model.

        Raises:
            UserError: They do not fit, or there are options and no run to begin from.
        """
        if self.origin is None:
            if self.freeze != "none" or self.rate_decay != 1:
                raise UserError(
                    "there is nothing to freeze or to slow down: no run is named to begin from",
                    where="--fine_tuning",
                    hint="--from RUN, or leave --fine_tuning out",
                )
            return
        try:
            taken = take(model, self.origin.model)
        except UserError as error:
            raise UserError(error.problem, where=f"--from {self.origin.run}", hint=error.hint) from None
        result = self.origin.result
        about = f"{result.application}: {result.model} on {result.data.dataset} ({result.data.fingerprint})"
        if result.start is not None:
            about += f", from {result.start.about}"
        self.start = Start(run=self.origin.run, dataset=result.data.dataset, about=about, taken=taken)
        if self.freeze == "taken" and NEW not in taken.values():
            raise UserError(
                "every weight is taken, and all that is taken is frozen: there is nothing to train",
                where="--fine_tuning.freeze taken",
                hint="gradual, or none",
            )
        self._free(model, 0)
        _print("\n  ".join([f"begins from {self.origin.run}, {about}", *summary(taken)]))

    def divide(self, model: Task[Any], optimizer: Optimizer) -> None:
        """Gives each layer its rate, before a schedule reads the rates.

        Args:
            model: The model.
            optimizer: Its optimizer.
        """
        if self.start is None or self.rate_decay == 1:
            return
        parameters = dict(model.named_parameters())
        below = {
            parameters[name]: depth
            for depth, group in enumerate(self._from_above(model))
            for name in group
            if not self._is_new(name)
        }
        groups = []
        for group in optimizer.param_groups:
            options = {key: value for key, value in group.items() if key != "params"}
            for depth in sorted({below.get(one, 0) for one in group["params"]}):
                chosen = [one for one in group["params"] if below.get(one, 0) == depth]
                rate = group["lr"] / self.rate_decay**depth
                groups.append({**copy.deepcopy(options), "params": chosen, "lr": rate})
        optimizer.param_groups[:] = groups

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """See `on_train_epoch_start`: an epoch that goes on after a resume has no start."""
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Frees the layer whose turn it is."""
        self._free(cast(Task[Any], pl_module), trainer.current_epoch)

    def _free(self, model: Task[Any], epoch: int) -> None:
        """Freezes what was taken but for the layers that are free by now."""
        if self.start is None or self.freeze == "none":
            return
        free = epoch + 1 if self.freeze == "gradual" else 0
        parameters = dict(model.named_parameters())
        for depth, group in enumerate(self._from_above(model)):
            for name in group:
                parameters[name].requires_grad_(depth < free or self._is_new(name))

    def _from_above(self, model: Task[Any]) -> list[list[str]]:
        """The layers from the output down; what is new above the first one that was taken counts as one."""
        groups = layer_groups(model)[::-1]
        new = next(place for place, group in enumerate(groups) if not all(map(self._is_new, group)))
        above = [name for group in groups[:new] for name in group]
        return [above, *groups[new:]] if above else groups

    def _is_new(self, name: str) -> bool:
        assert self.start is not None
        return self.start.taken[name] == NEW

    def state_dict(self) -> dict[str, Any]:
        """What the run began from."""
        return {"start": None if self.start is None else dataclasses.asdict(self.start)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        start = state_dict["start"]
        self.start = None if start is None else Start(**start)
        if self._model is not None:
            # Before processes agree on whose gradients they exchange.
            self._free(self._model, 0)


@rank_zero_only
def _print(text: str) -> None:
    print(text, flush=True)
