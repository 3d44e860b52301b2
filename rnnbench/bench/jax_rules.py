"""PyTorch's core operations in JAX, as far as cells use them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any


def rules() -> dict[str, Callable[..., Any]]:
    """A function of JAX arrays for each operation, by its name in aten; takes aten's arguments in their order.

    Types and devices that aten's arguments name are not read: all is float32, or the type that comparisons give.
    """
    import jax
    import jax.numpy as jnp

    def slice_(x: Any, axis: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
        index = [slice(None)] * x.ndim
        index[axis] = slice(start, end, step)
        return x[tuple(index)]

    def split(x: Any, sizes: list[int], axis: int = 0) -> list[Any]:
        ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
        return [slice_(x, axis, end - size, end) for size, end in zip(sizes, ends, strict=True)]

    def split_evenly(x: Any, size: int, axis: int = 0) -> list[Any]:
        width = x.shape[axis]
        return split(x, [min(size, width - start) for start in range(0, width, size)], axis)

    def expand(x: Any, sizes: list[int], *, implicit: bool = False) -> Any:
        kept = (1,) * (len(sizes) - x.ndim) + x.shape
        return jnp.broadcast_to(x, [a if b == -1 else b for a, b in zip(kept, sizes, strict=True)])

    def layer_norm(x: Any, shape: list[int], weight: Any, bias: Any, eps: float) -> tuple[Any, ...]:
        axes = tuple(range(x.ndim - len(shape), x.ndim))
        mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
        scale = jax.lax.rsqrt(variance + eps)
        y = (x - mean) * scale
        y = y if weight is None else y * weight
        return y if bias is None else y + bias, mean, scale

    def clamp(x: Any, low: Any = None, high: Any = None) -> Any:
        return jnp.clip(x, low, high)

    def pad(x: Any, widths: list[int], value: float = 0.0) -> Any:
        pairs = list(zip(widths[::2], widths[1::2], strict=True))[::-1]
        return jnp.pad(x, [(0, 0)] * (x.ndim - len(pairs)) + pairs, constant_values=value)

    def reduced(function: Callable[..., Any]) -> Callable[..., Any]:
        def rule(x: Any, axes: Any = None, keep: bool = False, *, dtype: Any = None) -> Any:
            return function(x, axis=tuple(axes) if isinstance(axes, list | tuple) else axes, keepdims=keep)

        return rule

    def same(x: Any, *_: Any, **__: Any) -> Any:
        return x

    def filled(value: float) -> Callable[..., Any]:
        return lambda shape, **_: jnp.full(shape, value)

    return {
        "getitem": operator.getitem,
        "add": lambda x, y, alpha=1: x + y * alpha,
        "sub": lambda x, y, alpha=1: x - y * alpha,
        "rsub": lambda x, y, alpha=1: y - x * alpha,
        "mul": operator.mul,
        "div": operator.truediv,
        "neg": operator.neg,
        "reciprocal": lambda x: 1 / x,
        "pow": operator.pow,
        "maximum": jnp.maximum,
        "minimum": jnp.minimum,
        "clamp": clamp,
        "clamp_min": clamp,
        "where": jnp.where,
        **{name: getattr(operator, name) for name in ("gt", "ge", "lt", "le", "eq", "ne")},
        **{name: getattr(jnp, name) for name in ("exp", "log", "log1p", "expm1", "sqrt", "abs", "sin", "cos", "tanh")},
        "sigmoid": jax.nn.sigmoid,
        "relu": jax.nn.relu,
        "erf": jax.lax.erf,
        "rsqrt": jax.lax.rsqrt,
        "gelu": lambda x, approximate="none": jax.nn.gelu(x, approximate=approximate == "tanh"),
        "log_sigmoid_forward": lambda x: (jax.nn.log_sigmoid(x), None),
        "softplus": lambda x, beta=1, threshold=20: jax.nn.softplus(x * beta) / beta,
        "native_layer_norm": layer_norm,
        "sum": reduced(jnp.sum),
        "mean": reduced(jnp.mean),
        "amax": reduced(jnp.max),
        "_softmax": lambda x, axis, half: jax.nn.softmax(x, axis),
        "arange": lambda start, end, step=1, **_: jnp.arange(start, end, step),
        "fmod": jnp.fmod,
        "index_select": lambda x, axis, index: jnp.take(x, index, axis),
        "mm": jnp.matmul,
        "bmm": jnp.matmul,
        "addmm": lambda bias, x, y: bias + x @ y,
        "linear": lambda x, weight, bias=None: x @ weight.T if bias is None else x @ weight.T + bias,
        "t": jnp.transpose,
        "permute": jnp.transpose,
        "transpose": jnp.swapaxes,
        "view": lambda x, shape: x.reshape(shape),
        "reshape": lambda x, shape: x.reshape(shape),
        "_unsafe_view": lambda x, shape: x.reshape(shape),
        "unsqueeze": jnp.expand_dims,
        "squeeze": lambda x, axes: jnp.squeeze(x, tuple(axes) if isinstance(axes, list | tuple) else axes),
        "expand": expand,
        "select": lambda x, axis, index: jnp.take(x, index, axis),
        "slice": slice_,
        "split": split_evenly,
        "split_with_sizes": split,
        "unbind": lambda x, axis=0: [jnp.take(x, index, axis) for index in range(x.shape[axis])],
        "cat": lambda parts, axis=0: jnp.concatenate(parts, axis),
        "stack": lambda parts, axis=0: jnp.stack(parts, axis),
        "constant_pad_nd": pad,
        "zeros_like": lambda x, **_: jnp.zeros_like(x),
        "ones_like": lambda x, **_: jnp.ones_like(x),
        "full_like": lambda x, value, **_: jnp.full_like(x, value),
        "full": lambda shape, value, **_: jnp.full(shape, value),
        "zeros": filled(0.0),
        "ones": filled(1.0),
        "scalar_tensor": lambda value, **_: jnp.asarray(value),
        "detach": same,
        "alias": same,
        "clone": same,
        "_to_copy": same,
    }
