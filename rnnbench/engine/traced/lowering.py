"""What each operation of PyTorch is in terms of nodes: the operations that a fused step may use.

Names are those of ATen, as they arrive below autograd: ``x.chunk`` arrives as ``split``, ``F.layer_norm`` as
``native_layer_norm``. Products with weights are not here: `trace` splits the step at them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rnnbench.engine.traced.graph import Graph, Node, Piece, Value, width


class Unsupported(Exception):
    """Why a step cannot be fused, in words that end a sentence."""


class Lowering:
    """Turns a call of an operation into values; all tensors are ``(B, W)`` or ``(B,)`` with ``W`` = 1.

    Args:
        graph: Makes the nodes.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def __call__(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The result of ``aten::name``, a value or several, of arguments that are values and numbers.

        Raises:
            Unsupported: The operation has no counterpart here.
        """
        if name not in _TABLE:
            raise Unsupported(f"step uses aten::{name}, which has no fused form")
        return _TABLE[name](self, *args, **kwargs)

    def value(self, given: Any) -> Value:
        """A number as a value."""
        return given if isinstance(given, tuple) else (Piece(self.graph.const(float(given)), 1),)

    def map(self, op: str, *given: Any) -> Value:
        """An elementwise operation on values and numbers."""
        return self.graph.map(op, *(self.value(one) for one in given))

    def scalar(self, node: Node) -> Value:
        """A node of width 1 as a value."""
        return (Piece(node, 1),)

    def mean(self, x: Value) -> Value:
        """The mean of a row."""
        return self.map("div", self.scalar(self.graph.total(x)), self.scalar(self.graph.size(width(x))))

    def standardize(self, x: Value, epsilon: float) -> tuple[Value, Value, Value]:
        """(x - mean) / sqrt(variance + epsilon), the mean and the reciprocal root: what layer norm does to a row."""
        mean = self.mean(x)
        scale = self.map("rsqrt", self.map("add", self.mean(self.squares(x, mean)), epsilon))
        return self.map("mul", self.map("sub", x, mean), scale), mean, scale

    def squares(self, x: Value, mean: Value) -> Value:
        """(x - mean)^2; their sum does not change with the mean to first order, so that no gradient passes there."""
        centred = self.map("sub", x, self.map("detach", mean))
        return self.map("mul", centred, centred)


Rule = Callable[..., Any]
_TABLE: dict[str, Rule] = {}


def _rule(*names: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        _TABLE.update(dict.fromkeys(names, rule))
        return rule

    return register


def _elementwise(name: str, op: str | None = None) -> None:
    _TABLE[name] = lambda low, *args: low.map(op or name, *args)


for _name in [
    "neg",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sigmoid",
    "tanh",
    "relu",
    "sqrt",
    "rsqrt",
    "abs",
    "sin",
    "cos",
    "erf",
    "reciprocal",
    "sign",
]:
    _elementwise(_name)
for _name in ("mul", "maximum", "minimum", "gt", "ge", "lt", "le", "eq", "ne", "where"):
    _elementwise(_name)
_elementwise("logical_and", "mul")
_elementwise("bitwise_and", "mul")
_elementwise("logical_or", "maximum")
_elementwise("bitwise_or", "maximum")


@_rule("logical_not", "bitwise_not")
def _not(low: Lowering, x: Value) -> Value:
    return low.map("eq", x, 0.0)


@_rule("detach")
def _detach(low: Lowering, x: Value) -> Value:
    return low.map("detach", x)


@_rule("clone", "alias", "contiguous", "lift_fresh", "_to_copy")
def _same(low: Lowering, x: Value, **_: Any) -> Value:
    return x


@_rule("add")
def _add(low: Lowering, a: Any, b: Any, alpha: float = 1) -> Value:
    return low.map("add", a, low.map("mul", alpha, b))


@_rule("sub")
def _sub(low: Lowering, a: Any, b: Any, alpha: float = 1) -> Value:
    return low.map("sub", a, low.map("mul", alpha, b))


@_rule("rsub")
def _rsub(low: Lowering, a: Any, b: Any, alpha: float = 1) -> Value:
    return _sub(low, b, a, alpha)


@_rule("div")
def _div(low: Lowering, a: Any, b: Any, rounding_mode: str | None = None) -> Value:
    if rounding_mode is not None:
        raise Unsupported(f"step divides with rounding_mode={rounding_mode!r}")
    return low.map("div", a, b)


@_rule("pow")
def _pow(low: Lowering, x: Any, exponent: Any) -> Value:
    if isinstance(x, tuple) and isinstance(exponent, int | float):
        if exponent == 0.5:
            return low.map("sqrt", x)
        if exponent == int(exponent) and 1 <= abs(exponent) <= 8:
            power = x
            for _ in range(int(abs(exponent)) - 1):
                power = low.map("mul", power, x)
            return power if exponent > 0 else low.map("reciprocal", power)
    return low.map("pow", x, exponent)


@_rule("square")
def _square(low: Lowering, x: Value) -> Value:
    return low.map("mul", x, x)


@_rule("silu")
def _silu(low: Lowering, x: Value) -> Value:
    return low.map("mul", x, low.map("sigmoid", x))


@_rule("softplus")
def _softplus(low: Lowering, x: Value, beta: float = 1, threshold: float = 20) -> Value:
    scaled = low.map("mul", x, beta)
    return low.map("where", low.map("gt", scaled, threshold), x, low.map("div", low.map("softplus", scaled), beta))


@_rule("log_sigmoid_forward")
def _log_sigmoid(low: Lowering, x: Value) -> tuple[Value, Value]:
    found = low.map("neg", low.map("softplus", low.map("neg", x)))
    return found, found


@_rule("mish")
def _mish(low: Lowering, x: Value) -> Value:
    return low.map("mul", x, low.map("tanh", _softplus(low, x)))


@_rule("gelu")
def _gelu(low: Lowering, x: Value, approximate: str = "none") -> Value:
    if approximate == "none":
        inner = low.map("erf", low.map("mul", x, math.sqrt(0.5)))
    else:
        cube = low.map("mul", low.map("mul", x, x), x)
        inner = low.map("add", x, low.map("mul", cube, 0.044715))
        inner = low.map("tanh", low.map("mul", inner, math.sqrt(2 / math.pi)))
    return low.map("mul", low.map("mul", x, 0.5), low.map("add", inner, 1.0))


@_rule("leaky_relu")
def _leaky_relu(low: Lowering, x: Value, slope: float = 0.01) -> Value:
    return low.map("where", low.map("gt", x, 0.0), x, low.map("mul", x, slope))


@_rule("elu")
def _elu(low: Lowering, x: Value, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Value:
    below = low.map("mul", low.map("expm1", low.map("mul", x, input_scale)), alpha * scale)
    return low.map("where", low.map("gt", x, 0.0), low.map("mul", x, scale), below)


@_rule("threshold")
def _threshold(low: Lowering, x: Value, threshold: float, value: float) -> Value:
    return low.map("where", low.map("le", x, threshold), value, x)


@_rule("clamp")
def _clamp(low: Lowering, x: Value, min: Any = None, max: Any = None) -> Value:
    # Unlike hardtanh's, its gradient passes at the limits.
    if min is not None:
        x = low.map("where", low.map("lt", x, min), min, x)
    return x if max is None else low.map("where", low.map("gt", x, max), max, x)


@_rule("clamp_min")
def _clamp_min(low: Lowering, x: Value, min: Any) -> Value:
    return _clamp(low, x, min)


@_rule("clamp_max")
def _clamp_max(low: Lowering, x: Value, max: Any) -> Value:
    return _clamp(low, x, None, max)


@_rule("hardtanh")
def _hardtanh(low: Lowering, x: Value, least: float = -1, most: float = 1) -> Value:
    x = low.map("where", low.map("le", x, least), least, x)
    return low.map("where", low.map("ge", x, most), most, x)


@_rule("hardsigmoid")
def _hardsigmoid(low: Lowering, x: Value) -> Value:
    return low.map("div", _hardtanh(low, low.map("add", x, 3.0), 0.0, 6.0), 6.0)


@_rule("lerp")
def _lerp(low: Lowering, a: Value, b: Value, weight: Any) -> Value:
    return low.map("add", a, low.map("mul", weight, low.map("sub", b, a)))


@_rule("addcmul")
def _addcmul(low: Lowering, x: Value, a: Value, b: Value, value: float = 1) -> Value:
    return low.map("add", x, low.map("mul", low.map("mul", a, b), value))


@_rule("addcdiv")
def _addcdiv(low: Lowering, x: Value, a: Value, b: Value, value: float = 1) -> Value:
    return low.map("add", x, low.map("mul", low.map("div", a, b), value))


@_rule("zeros_like", "new_zeros", "empty_like", "new_empty")
def _zeros(low: Lowering, x: Value, size: Any = None, **_: Any) -> Value:
    return _filled(low, x, 0.0, size)


@_rule("ones_like", "new_ones")
def _ones(low: Lowering, x: Value, size: Any = None, **_: Any) -> Value:
    return _filled(low, x, 1.0, size)


@_rule("full_like")
def _full_like(low: Lowering, x: Value, number: float, **_: Any) -> Value:
    return _filled(low, x, number, None)


def _filled(low: Lowering, x: Value, number: float, size: Any) -> Value:
    columns = width(x) if size is None else size[-1] if size else 1
    return (Piece(low.graph.const(number), columns),)


# --- parts of a row -----------------------------------------------------------------------------------------------


def _last_axis(axis: int) -> None:
    if axis not in (1, -1):
        raise Unsupported(f"step works along axis {axis}, across the rows of the batch")


@_rule("split", "split_with_sizes")
def _split(low: Lowering, x: Value, sizes: int | list[int], dim: int = 0) -> list[Value]:
    _last_axis(dim)
    whole = width(x)
    if isinstance(sizes, int):
        sizes = [min(sizes, whole - start) for start in range(0, whole, sizes)]
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return [low.graph.slice(x, start, size) for start, size in zip(starts, sizes, strict=True)]


@_rule("slice")
def _slice(
    low: Lowering, x: Value, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Value:
    whole = width(x)
    first, last, stride = slice(start, end, step).indices(whole)
    if (dim == 0 and start in (None, 0) and end is None) or ((end or 0) > 1 << 40 and start in (None, 0)):
        return x
    _last_axis(dim)
    if stride != 1:
        raise Unsupported(f"step takes every {stride}th unit")
    return low.graph.slice(x, first, last - first)


@_rule("select")
def _select(low: Lowering, x: Value, dim: int, index: int) -> Value:
    _last_axis(dim)
    return low.graph.slice(x, index % width(x), 1)


@_rule("cat")
def _cat(low: Lowering, values: list[Value], dim: int = 0) -> Value:
    _last_axis(dim)
    return tuple(piece for value in values for piece in value)


@_rule("expand")
def _expand(low: Lowering, x: Value, size: list[int], implicit: bool = False) -> Value:
    columns = size[-1]
    return x if columns in (-1, width(x)) else (Piece(x[0].node, columns),)


@_rule("view", "_unsafe_view", "reshape", "unsqueeze", "squeeze")
def _view(low: Lowering, x: Value, *_: Any) -> Value:
    # Shapes other than (B, W) and (B,) are refused where the result is recorded, so that nothing moves here.
    return x


# --- over a row ---------------------------------------------------------------------------------------------------


def _over_the_row(axes: Any) -> None:
    for axis in [axes] if isinstance(axes, int) else axes if axes else [0]:
        _last_axis(axis)


@_rule("sum")
def _sum(low: Lowering, x: Value, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    _over_the_row(dim)
    return low.scalar(low.graph.total(x))


@_rule("mean")
def _mean(low: Lowering, x: Value, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    _over_the_row(dim)
    return low.mean(x)


@_rule("var")
def _var(low: Lowering, x: Value, dim: Any = None, correction: float | None = None, keepdim: bool = False) -> Value:
    _over_the_row(dim)
    squares = low.squares(x, low.mean(x))
    freedom = low.map("sub", low.scalar(low.graph.size(width(x))), 1.0 if correction is None else correction)
    return low.map("div", low.scalar(low.graph.total(squares)), freedom)


@_rule("std")
def _std(low: Lowering, x: Value, dim: Any = None, correction: float | None = None, keepdim: bool = False) -> Value:
    return low.map("sqrt", _var(low, x, dim, correction))


@_rule("var_mean")
def _var_mean(
    low: Lowering, x: Value, dim: Any = None, correction: float | None = None, keepdim: bool = False
) -> tuple[Value, Value]:
    return _var(low, x, dim, correction), low.mean(x)


@_rule("linalg_vector_norm")
def _norm(low: Lowering, x: Value, ord: float = 2, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    _over_the_row(dim)
    if ord != 2:
        raise Unsupported(f"step takes a norm of order {ord}")
    return low.map("sqrt", low.scalar(low.graph.total(low.map("mul", x, x))))


@_rule("native_layer_norm")
def _layer_norm(
    low: Lowering, x: Value, shape: list[int], weight: Any, bias: Any, epsilon: float
) -> tuple[Value, Value, Value]:
    if list(shape) != [width(x)]:
        raise Unsupported("step normalises over more than the row")
    y, mean, scale = low.standardize(x, epsilon)
    y = y if weight is None else low.map("mul", y, weight)
    return (y if bias is None else low.map("add", y, bias)), mean, scale


@_rule("_softmax")
def _softmax(low: Lowering, x: Value, dim: int, half_to_float: bool) -> Value:
    _last_axis(dim)
    peak = low.graph.join("maximum", [low.graph.reduce("peak", piece.node) for piece in x])
    powers = low.map("exp", low.map("sub", x, low.map("detach", low.scalar(peak))))
    return low.map("div", powers, low.scalar(low.graph.total(powers)))
