"""The front end: runs a cell's step once and writes down what it does.

The step runs on a small batch below autograd, where every operation of PyTorch passes a `TorchDispatchMode`. Each
tensor is one of two things. A *row value* depends on z, the state or the state's mask: one row per row of the batch,
kept as a `graph.Value`. A *constant* depends on parameters and buffers alone, and is evaluated once per call, outside
the loop and under autograd, by repeating the recorded operations (`Constant`). Constants enter the step as vectors,
and as the weights of products, at which the step is split.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from rnnbench.cells import RNNCell
from rnnbench.engine.call import call, same_random_state, without_autocast
from rnnbench.engine.traced.buffers import MASK, Buffer, Role, Z
from rnnbench.engine.traced.graph import Graph, Piece, Value, width
from rnnbench.engine.traced.lowering import Lowering, Unsupported

_VIEWS = {"split", "split_with_sizes", "slice", "select", "unbind", "view", "unsqueeze", "squeeze", "expand", "alias"}


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor made of parameters alone: a parameter's name, or a recorded call and which of its results."""

    name: str = ""
    call: Any = None
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    item: int | None = None

    def evaluate(self, params: Mapping[str, Tensor]) -> Tensor:
        """The tensor, under autograd, for these parameters."""
        if self.call is None:
            return params[self.name]

        def value(given: Any) -> Any:
            return given.evaluate(params) if isinstance(given, Constant) else given

        found = self.call(*tree_map(value, self.args), **tree_map(value, dict(self.kwargs)))
        return found if self.item is None else found[self.item]


class Product(NamedTuple):
    """``result (B, N) = operand (B, K) @ weight``: stored as ``(N, K)`` where it is transposed, else as ``(K, N)``."""

    operand: Value
    weight: Constant
    transposed: bool
    width: int


class TracedStep(NamedTuple):
    """What a step does.

    Args:
        graph: Makes nodes.
        buffers: Widths of what nodes load from: z, leaves of the state before, its mask, vectors, results of products.
        output: The output.
        state: The leaves of the state after the step.
        products: Products with weights, in order.
        vectors: Constants that are the same for all rows.
    """

    graph: Graph
    buffers: dict[Buffer, int]
    output: Value
    state: tuple[Value, ...]
    products: list[Product]
    vectors: list[Constant]


def trace_step(
    cell: RNNCell, params: Mapping[str, Tensor], inputs: int, masked: bool, device: torch.device
) -> TracedStep:
    """Traces the step of a cell.

    Args:
        cell: The cell.
        params: Parameters and buffers by name, on the device.
        inputs: Width G of z.
        masked: Whether the state has a mask.
        device: Where to trace it: what a step makes there are constants of the plan.

    Raises:
        Unsupported: Says why the step cannot be fused.
    """
    spec = cell.state_spec()
    if any(len(shape) != 1 for shape in spec):
        ranks = ", ".join(str(("B", *shape)).replace("'", "") for shape in spec)
        raise Unsupported(f"a leaf of its state has more than one axis besides the batch ({ranks})")
    masks = cell.state_mask_names()
    tensors = {name: value for name, value in params.items() if name not in masks}
    like = _like(tensors, device)
    sizes = {size for value in tensors.values() for size in value.shape} | {shape[0] for shape in spec} | {inputs}
    batch = next(size for size in range(5, 10_000) if size not in sizes)
    recorder = _Recorder(batch, tensors)
    z = recorder.input(Z, like.new_zeros(batch, inputs))
    state = tuple(recorder.input(Buffer(Role.PREV, i), like.new_zeros(batch, shape[0])) for i, shape in enumerate(spec))
    named: dict[str, Any] = dict(tensors)
    if masked:
        # A cell and the cells that it wraps are handed the same mask.
        mask = recorder.input(MASK, like.new_ones(batch, cell.output_size))
        named |= dict.fromkeys(masks, mask)
    try:
        with torch.no_grad(), without_autocast(), recorder:
            output, new = call(cell, named, lambda: cell.step(z, state))
    except Unsupported:
        raise
    except Exception as error:
        # The step is the author's code: what it does that cannot be watched, the reference loop can still run.
        raise Unsupported(f"step cannot be traced ({type(error).__name__}: {error})") from error
    return TracedStep(
        recorder.graph,
        recorder.buffers,
        recorder.value(output),
        tuple(recorder.value(leaf) for leaf in new),
        recorder.products,
        recorder.vectors,
    )


class Projection(NamedTuple):
    """What a cell's projection does.

    Args:
        width: The width G of z.
        random: Whether it draws random numbers.
        fresh: Whether nobody else has or saves z, so that it may be overwritten.
    """

    width: int
    random: bool
    fresh: bool


def trace_projection(cell: RNNCell, params: Mapping[str, Tensor], device: torch.device) -> Projection:
    """Runs the projection once; the states of random number generators stay as they were.

    Args:
        cell: The cell.
        params: Parameters and buffers by name, on the device.
        device: Where to run it.
    """
    x = _like(params, device).new_zeros(2, cell.input_size)
    watcher = _ProjectionWatcher()
    with torch.no_grad(), without_autocast(), same_random_state(device), watcher:
        z = call(cell, params, lambda: cell.project(x))
    if z.dim() != 2 or z.shape[0] != 2:
        raise Unsupported(f"project turns (B, I) into {tuple(z.shape)}")
    return Projection(z.shape[1], watcher.random, watcher.is_fresh(z))


def _like(params: Mapping[str, Tensor], device: torch.device) -> Tensor:
    """A tensor of the type of numbers that a cell has, on a device."""
    return next((value for value in params.values() if value.is_floating_point()), torch.zeros((), device=device))


class _Mode(TorchDispatchMode):
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Newer versions of torch would import their compiler here, which takes seconds, to keep it out."""
        return False


# Operations whose results autograd does not save, and views, which are as fresh as what they view.
_FRESH = {"addmm", "mm", "bmm", "linear", "add", "sub", "mul", "neg", "cat"}
_RESHAPED = {"view", "_unsafe_view"}


class _ProjectionWatcher(_Mode):
    def __init__(self) -> None:
        super().__init__()
        self.random = False
        self._fresh: dict[int, Tensor] = {}

    def is_fresh(self, tensor: Tensor) -> bool:
        return id(tensor) in self._fresh

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.random |= torch.Tag.nondeterministic_seeded in func.tags
        found = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        if name in _FRESH or (name in _RESHAPED and self.is_fresh(args[0])):
            self._fresh[id(found)] = found
        return found


class _Recorder(_Mode):
    def __init__(self, batch: int, params: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.batch = batch
        self.graph = Graph()
        self.lowering = Lowering(self.graph)
        self.buffers: dict[Buffer, int] = {}
        self.products: list[Product] = []
        self.vectors: list[Constant] = []
        self._alive: list[Tensor] = list(params.values())
        self._rows: dict[int, Value] = {}
        self._constants = {id(value): Constant(name) for name, value in params.items()}
        # Tensors that a change in place would not reach all of: inputs, views and what was viewed.
        self._shared: set[int] = set()

    def input(self, buffer: Buffer, tensor: Tensor) -> Tensor:
        """Declares a tensor ``(B, W)`` that stands in a buffer."""
        self.buffers[buffer] = tensor.shape[1]
        self._keep(tensor, (Piece(self.graph.load(buffer, 0, tensor.shape[1]), tensor.shape[1]),))
        self._shared.add(id(tensor))
        return tensor

    def value(self, tensor: Tensor) -> Value:
        """The row value that a tensor holds; a constant vector is the same in every row."""
        if id(tensor) in self._rows:
            return self._rows[id(tensor)]
        if id(tensor) not in self._constants:
            raise Unsupported("step uses a tensor that is no parameter, buffer, input or state")
        shape = tuple(tensor.shape)
        if any(size != 1 for size in shape[:-1]):
            raise Unsupported(f"step combines the state with a parameter of shape {shape} outside of F.linear")
        constant = self._constants[id(tensor)]
        columns = shape[-1] if shape else 1
        if constant not in self.vectors:
            self.vectors.append(constant)
            self.buffers[Buffer(Role.VECTOR, len(self.vectors) - 1)] = columns
        buffer = Buffer(Role.VECTOR, self.vectors.index(constant))
        return (Piece(self.graph.load(buffer, 0, columns), columns),)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name.removeprefix("aten::")
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise Unsupported(f"step draws random numbers (aten::{name})")
        if name in ("_local_scalar_dense", "is_nonzero", "equal"):
            raise Unsupported("step branches on the value of a tensor")
        given: list[Tensor] = []
        tree_map(lambda one: given.append(one) if isinstance(one, Tensor) else None, (args, kwargs))
        if func._schema.is_mutable:
            return self._change(func, name.removesuffix("_"), args, kwargs)
        found = func(*args, **kwargs)
        if name in _VIEWS or name == "detach":
            self._shared.update(id(one) for one in (*given, *(found if isinstance(found, list | tuple) else [found])))
        if any(id(one) in self._rows for one in given) or self._batched(found):
            self._record_rows(name, args, kwargs, found)
        else:
            self._record_constant(func, args, kwargs, found)
        return found

    def _change(self, func: Any, name: str, args: Any, kwargs: Any) -> Tensor:
        """A change in place of a tensor that nothing else sees is a new value under the same tensor."""
        target = args[0]
        if id(target) in self._shared or id(target) not in self._rows:
            raise Unsupported(f"step changes a tensor in place (aten::{name}_) that others see")
        value = self._lower(name, args, kwargs)
        found = func(*args, **kwargs)
        self._rows[id(target)] = value
        return found

    def _batched(self, found: Any) -> bool:
        """Whether constants were spread over the batch, which is another one in every call."""
        tensors = found if isinstance(found, list | tuple) else [found]
        return any(isinstance(one, Tensor) and one.dim() and one.shape[0] == self.batch for one in tensors)

    def _record_constant(self, func: Any, args: Any, kwargs: Any, found: Any) -> None:
        def constant(one: Any) -> Any:
            if not isinstance(one, Tensor):
                return one
            if id(one) not in self._constants:
                raise Unsupported("step uses a tensor that is no parameter, buffer, input or state")
            return self._constants[id(one)]

        args, kwargs = tree_map(constant, args), tree_map(constant, kwargs)
        for item, one in enumerate(found) if isinstance(found, list | tuple) else [(None, found)]:
            if isinstance(one, Tensor):
                self._alive.append(one)
                self._constants[id(one)] = Constant("", func, args, kwargs, item)

    def _record_rows(self, name: str, args: Any, kwargs: Any, found: Any) -> None:
        value = self._lower(name, args, kwargs, found)
        if isinstance(found, list | tuple):
            for one, part in zip(found, value, strict=False):
                self._keep(one, part)
        else:
            self._keep(found, value)

    def _lower(self, name: str, args: Any, kwargs: Any, found: Any = None) -> Any:
        if name in ("mm", "addmm", "linear"):
            return self._product(name, *args, **kwargs)
        if name in ("zeros", "ones", "full"):
            number = {"zeros": 0.0, "ones": 1.0}.get(name)
            return (Piece(self.graph.const(args[1] if number is None else number), found.shape[-1]),)
        if name == "_to_copy" and found.dtype != args[0].dtype and args[0].dtype != torch.bool:
            raise Unsupported(f"step converts to {found.dtype}")
        if name == "unbind":
            return self.lowering("split", (self.value(args[0]), 1, *args[1:]), {})

        def value(one: Any) -> Any:
            return self.value(one) if isinstance(one, Tensor) else one

        return self.lowering(name, tree_map(value, args), {key: value(one) for key, one in kwargs.items()})

    def _product(self, name: str, *args: Any, **kwargs: Any) -> Value:
        """A product with a weight: from here on its result is a buffer."""
        if name == "linear":
            operand, weight, bias = (*args, None)[:3]
        else:
            bias, operand, weight = args if name == "addmm" else (None, *args)
        if id(weight) in self._rows or id(operand) not in self._rows or kwargs:
            raise Unsupported(f"step multiplies matrices of which the second is no weight (aten::{name})")
        constant = self._constants[id(weight)]
        transposed = name == "linear"
        if constant.call is torch.ops.aten.t.default:
            constant, transposed = constant.args[0], True
        columns = weight.shape[0] if name == "linear" else weight.shape[1]
        buffer = Buffer(Role.PRODUCT, len(self.products))
        self.products.append(Product(self.value(operand), constant, transposed, columns))
        self.buffers[buffer] = columns
        result: Value = (Piece(self.graph.load(buffer, 0, columns), columns),)
        return result if bias is None else self.graph.map("add", result, self.value(bias))

    def _keep(self, tensor: Tensor, value: Value) -> None:
        shape = tuple(tensor.shape)
        if shape != (self.batch, width(value)) and not (shape == (self.batch,) and width(value) == 1):
            raise Unsupported(f"step makes a tensor {shape} of a batch of {self.batch}, which is not (B, width)")
        self._alive.append(tensor)
        self._rows[id(tensor)] = value
