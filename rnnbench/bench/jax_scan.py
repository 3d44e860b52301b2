"""The same cell under jit and scan in JAX, derived from its `step`: an optional baseline.

The cell's projection and step are traced to PyTorch's core operations, and the two graphs are run with JAX's functions
in place of PyTorch's. So JAX gets what a user of it would write: input products outside of the loop, `lax.scan` over
the step, and `jit` around the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch._decomp import core_aten_decompositions
from torch.func import functional_call
from torch.fx import GraphModule, Interpreter
from torch.fx.experimental.proxy_tensor import make_fx

from rnnbench.bench.jax_rules import rules
from rnnbench.bench.steps import Batch, Step
from rnnbench.cells import RNNCell


class Unavailable(Exception):
    """Why a baseline cannot be had, in one line."""


def jax_step(cell: RNNCell, batch: Batch, device: str = "cpu") -> Step:
    """A training step in JAX; waits for its results.

    Raises:
        Unavailable: JAX is not installed, has no such device, or lacks a rule for an operation of the cell; the same
            words at every shape.
    """
    gradients = jax_gradients(cell, batch, device)
    import jax

    return lambda: jax.block_until_ready(gradients())


def jax_gradients(cell: RNNCell, batch: Batch, device: str = "cpu") -> Callable[[], Any]:
    """What a training step in JAX computes: the gradients of x ``(T, B, I)`` and of the cell's parameters, in order."""
    try:
        import jax
    except ImportError:
        raise Unavailable("JAX is not installed") from None
    try:
        place = jax.devices("cpu" if device == "cpu" else "gpu")[0]
    except RuntimeError as error:
        raise Unavailable(f"jax: {error}".splitlines()[0]) from None

    def array(tensor: Tensor) -> Any:
        return jax.device_put(tensor.detach().cpu().numpy(), place)

    # Time first, as scan wants it: no transposition inside of what is timed.
    x = batch.x.detach().transpose(0, 1)
    state = cell.initial_state(x.shape[1], x)
    project, step = _Projection(cell), _Step(cell)
    z = cell.project(x).detach()
    run_project, run_step = _translate(project, x), _translate(step, z[0], *state)
    start = tuple(array(leaf) for leaf in state)

    def loss(weights: Any, x: Any, gradient: Any) -> Any:
        def body(before: Any, z: Any) -> Any:
            y, *after = run_step(*weights, z, *before)
            return tuple(after), y

        _, y = jax.lax.scan(body, start, run_project(*weights, x)[0])
        return (y * gradient).sum()

    both = jax.jit(jax.grad(loss, argnums=(1, 0)))
    weights = [array(one) for one in cell.parameters()]
    inputs, gradient = array(x.contiguous()), array(batch.gradient.transpose(0, 1).contiguous())
    return lambda: both(weights, inputs, gradient)


class _Projection(nn.Module):
    def __init__(self, cell: RNNCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return (self.cell.project(x),)


class _Step(nn.Module):
    def __init__(self, cell: RNNCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, z: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        y, new = self.cell.step(z, state)
        return y, *new


def _translate(module: _Projection | _Step, *inputs: Tensor) -> Callable[..., Any]:
    """The module as a function of JAX arrays: of its parameters in order, then of its inputs."""
    names = [name for name, _ in module.named_parameters()]

    def call(*tensors: Tensor) -> Any:
        return functional_call(module, dict(zip(names, tensors, strict=False)), tensors[len(names) :])

    weights = [one.detach() for one in module.parameters()]
    graph = make_fx(call, decomposition_table=dict(core_aten_decompositions().items()))(*weights, *inputs)
    known = rules()
    for node in graph.graph.nodes:
        if node.op == "call_function" and _name(node.target) not in known:
            raise Unavailable(f"{type(module.cell).__name__}: no rule for {_name(node.target)} in JAX")
    return _InJax(graph, known).run


class _InJax(Interpreter):
    def __init__(self, graph: GraphModule, known: dict[str, Callable[..., Any]]) -> None:
        super().__init__(graph)
        self._known = known

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        return self._known[_name(target)](*args, **kwargs)

    def get_attr(self, target: Any, args: Any, kwargs: Any) -> Any:
        return super().get_attr(target, args, kwargs).numpy()


def _name(target: Any) -> str:
    """``add`` of the operation ``aten::add.Tensor``; ``getitem`` of Python's own."""
    if isinstance(target, torch._ops.OpOverload):
        return target._schema.name.removeprefix("aten::")
    return str(target.__name__)
