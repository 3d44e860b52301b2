"""How processes on several machines find each other."""

from __future__ import annotations

import os

import torch.distributed as dist

from rnnbench.errors import UserError
from rnnbench.machine import interface_to

_INTERFACE = "GLOO_SOCKET_IFNAME"


def name_interface() -> None:
    """Lets gloo listen where the first machine is reached, unless the environment names an interface.

    Left alone it listens at the address that the machine's own name stands for, which often is one that no other
    machine can reach: Debian's 127.0.1.1, or none at all in a container.
    """
    address = os.environ.get("MASTER_ADDR")
    if address is None or _INTERFACE in os.environ:
        return
    name = interface_to(address)
    if name is not None:
        os.environ[_INTERFACE] = name


def unreachable(error: BaseException) -> UserError | None:
    """An error of processes that did not find each other, as one that says what to do; None for any other."""
    if not isinstance(error, dist.DistNetworkError) and "connectFullMesh" not in str(error):
        return None
    return UserError(
        f"the processes cannot reach each other: {str(error).splitlines()[0][:200]}",
        where="--trainer.num_nodes",
        hint=f"MASTER_ADDR and MASTER_PORT have to be open to all machines; {_INTERFACE} (NCCL_SOCKET_IFNAME on GPUs)"
        " names the network interface on each, such as eth0",
    )
