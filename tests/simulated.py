"""A simulated GPU: tensors on the CPU that say they are on ``cuda:0``, and what a device would have been asked for.

A tensor here refuses what a real one refuses: to meet tensors of the CPU, but for single numbers and indices. CUDA's
autocast is emulated, its rule for recurrent layers (float16, whatever was asked for) included. What is counted is what
would cost: operations that would launch a kernel or a copy, and those that would make the host wait for the device.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("cuda:0")

_WAITS = {"_local_scalar_dense", "nonzero", "equal", "masked_select", "_unique2", "unique_dim", "bincount"}
_EMPTY = {"empty_like", "new_empty", "new_empty_strided", "empty", "empty_strided"}
_VIEWS = {"detach", "alias", "t", "lift_fresh", *_EMPTY}
_INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}


@dataclass
class Counts:
    """What was asked of the device: names of operations."""

    syncs: list[str] = field(default_factory=list)
    launches: list[str] = field(default_factory=list)


_counts: list[Counts] = []


class Simulated(Tensor):
    """A tensor of the CPU that says it is on a GPU."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> Simulated:
        with _disable_current_modes():
            like = torch.empty_strided(held.shape, held.stride(), dtype=held.dtype, device="meta")
        # To autograd it is a tensor of the meta device, which has no streams.
        found = Tensor._make_subclass(cls, like)
        found.held = held
        return found

    def __init__(self, held: Tensor) -> None:
        super().__init__()

    def __repr__(self, **_: Any) -> str:
        return f"Simulated({self.held!r})"

    @property
    def device(self) -> torch.device:
        return DEVICE

    @property
    def is_cuda(self) -> bool:
        return True

    @property
    def is_meta(self) -> bool:
        return False

    def data_ptr(self) -> int:
        raise RuntimeError("a kernel of the CPU was handed the address of a tensor of the GPU")

    def cpu(self, *_: Any, **__: Any) -> Tensor:
        for counts in _counts:
            counts.syncs.append("cpu")
        return _Leave.apply(self)

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        named = next((one for one in (*args, kwargs.get("device")) if isinstance(one, torch.device | str)), DEVICE)
        rest = [one for one in args if not isinstance(one, torch.device | str)]
        kwargs.pop("device", None)
        here = super().to(*rest, **kwargs) if rest or kwargs.get("dtype") is not None else self
        return here.cpu() if torch.device(named).type == "cpu" else here

    def new_tensor(self, data: Any, **kwargs: Any) -> Tensor:
        for counts in _counts:
            counts.launches.append("copy to the device")
        return on_gpu(torch.tensor(data, dtype=kwargs.get("dtype", self.dtype)))

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def numpy(self, **_: Any) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first.")

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name.removeprefix("aten::")
        _check_devices(name, args)
        _count(func, name, args)
        if name == "copy_" and not isinstance(args[0], Simulated):
            return args[0].copy_(args[1].held)
        found = func(*tree_map(_real, args), **tree_map(_real, kwargs))
        # A change in place gives what it changed.
        same = {id(one.held): one for one in tree_flatten((args, kwargs))[0] if isinstance(one, Simulated)}

        def wrapped(one: Any) -> Any:
            if not isinstance(one, Tensor):
                return one
            return same[id(one)] if id(one) in same else Simulated(one)

        if name == "_pack_padded_sequence":
            return wrapped(found[0]), found[1]  # how many rows each step has stays on the CPU
        return tree_map(wrapped, found)


class _Enter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        return Simulated(tensor.detach().clone())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return off_gpu(gradients[0])


class _Leave(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Simulated) -> Tensor:
        return tensor.held.detach().clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return Simulated(gradients[0])


def _real(one: Any) -> Any:
    if isinstance(one, Simulated):
        return one.held
    return torch.device("cpu") if isinstance(one, torch.device) else one


def _check_devices(name: str, args: Any) -> None:
    if name in ("copy_", "_pack_padded_sequence", "_pad_packed_sequence"):
        return
    if name in _INDEXING:
        args = (args[0], *args[2:])
    strangers = [
        one for one in tree_flatten(args)[0]
        if isinstance(one, Tensor) and not isinstance(one, Simulated) and one.dim() > 0
    ]  # fmt: skip
    if strangers:
        raise RuntimeError(f"Expected all tensors to be on the same device, but aten::{name} found cuda:0 and cpu")


def _count(func: Any, name: str, args: Any) -> None:
    masks = name in _INDEXING and any(one is not None and one.dtype in (torch.bool, torch.uint8) for one in args[1])
    waits = name in _WAITS or masks or (name == "copy_" and not isinstance(args[0], Simulated))
    view = name in _VIEWS or any(one.alias_info and not one.alias_info.is_write for one in func._schema.returns)
    for counts in _counts:
        if waits:
            counts.syncs.append(name)
        if not view:
            counts.launches.append(name)


_AUTOCAST: dict[Any, torch.dtype | None] = {
    **dict.fromkeys((F.linear, torch.mm, torch.addmm, torch.bmm, torch.matmul, torch.einsum)),
    **dict.fromkeys((Tensor.mm, Tensor.matmul, Tensor.__matmul__, Tensor.__rmatmul__)),
    **dict.fromkeys((torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu), torch.float16),
}


def _lowered(given: Any, dtype: torch.dtype | None) -> Any:
    """Tensors in float32 as autocast hands them on."""
    wanted = dtype or torch.get_autocast_dtype("cuda")
    lower = lambda one: one.to(wanted) if isinstance(one, Simulated) and one.dtype == torch.float32 else one  # noqa: E731
    return tree_map(lower, given)


class _OnDevice(TorchFunctionMode):
    """Takes what names the device in calls of PyTorch, which has none here, for simulated tensors."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if torch.is_autocast_enabled("cuda") and func in _AUTOCAST:
            args, kwargs = _lowered(args, _AUTOCAST[func]), {key: _lowered(one, None) for key, one in kwargs.items()}
        if func is Tensor.to and not isinstance(args[0], Simulated) and any(isinstance(one, Simulated) for one in args):
            like = next(one for one in args[1:] if isinstance(one, Simulated))
            return on_gpu(args[0].to(like.dtype))
        if func in (Tensor.__getitem__, Tensor.__setitem__) and isinstance(args[0], Simulated):
            args = (args[0], tree_map(_index, args[1], is_leaf=lambda one: isinstance(one, list)), *args[2:])
        if func is torch.tensor and _names_device(kwargs.get("device")):
            # Made of numbers on the host, and copied.
            for counts in _counts:
                counts.launches.append("copy to the device")
            return on_gpu(func(*args, **{key: one for key, one in kwargs.items() if key != "device"}))
        if (
            func is torch.device
            or getattr(func, "__name__", "") in ("__get__", "__set__")
            or not (_names_device(kwargs.get("device")) or any(_names_device(one) for one in args))
        ):
            return func(*args, **kwargs)
        if args and isinstance(args[0], Simulated):
            # Of another type or size perhaps, but where it is.
            args = tuple(one for one in args if not _names_device(one))
            return func(*args, **{key: one for key, one in kwargs.items() if key != "device"})
        if not any(isinstance(one, Tensor) for one in args):
            return func(*args, **{**kwargs, "device": "meta"})  # see _Factories
        args = tuple(torch.device("cpu") if _names_device(one) else one for one in args)
        if _names_device(kwargs.get("device")):
            kwargs["device"] = "cpu"
        for counts in _counts:
            counts.launches.append("copy to the device")
        return on_gpu(func(*args, **kwargs))


class _Factories(TorchDispatchMode):
    """What is made out of nothing on the device; other modes see that it is made, as they do on a real one."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if str(kwargs.get("device")) != "meta" or any(isinstance(one, Tensor) for one in args):
            return func(*args, **kwargs)
        for counts in _counts:
            counts.launches.append(func._schema.name.removeprefix("aten::"))
        return Simulated(func(*args, **{**kwargs, "device": torch.device("cpu")}))


def _index(one: Any) -> Any:
    """Numbers of rows that stand in a list, where they are looked up."""
    return on_gpu(torch.tensor(one)) if isinstance(one, list) else one


def _names_device(one: Any) -> bool:
    return isinstance(one, torch.device | str) and str(one).split(":")[0] == "cuda"


def on_gpu(tensor: Tensor) -> Tensor:
    """A copy of a tensor on the simulated GPU."""
    return tensor if isinstance(tensor, Simulated) else _Enter.apply(tensor)


def move(module: nn.Module) -> nn.Module:
    """Moves a module's parameters and buffers to the simulated GPU."""
    for part in module.modules():
        for name, value in part._parameters.items():
            if value is not None:
                part._parameters[name] = nn.Parameter(on_gpu(value.detach()), value.requires_grad)
        for name, value in part._buffers.items():
            if value is not None:
                part._buffers[name] = on_gpu(value)
    return module


def off_gpu(tensor: Tensor) -> Tensor:
    """What a simulated tensor holds, for a look at it that nobody counts."""
    return tensor.held if isinstance(tensor, Simulated) else tensor


@contextlib.contextmanager
def counting() -> Iterator[Counts]:
    """Counts what is asked of the simulated GPU, forward and backward."""
    counts = Counts()
    _counts.append(counts)
    try:
        with device():
            yield counts
    finally:
        _counts.remove(counts)


@contextlib.contextmanager
def device() -> Iterator[None]:
    """Calls may name the device, as ``x.device`` in code under test does."""
    with _Factories(), _OnDevice():
        yield


@contextlib.contextmanager
def autocast(dtype: torch.dtype) -> Iterator[None]:
    """CUDA's autocast, which PyTorch's own context turns off where there is no GPU; only inside of `device`."""
    before = torch.is_autocast_enabled("cuda"), torch.get_autocast_dtype("cuda")
    torch.set_autocast_enabled("cuda", True)
    torch.set_autocast_dtype("cuda", dtype)
    try:
        yield
    finally:
        torch.set_autocast_enabled("cuda", before[0])
        torch.set_autocast_dtype("cuda", before[1])
