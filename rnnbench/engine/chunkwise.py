"""The engine `chunkwise`: a matrix memory over many steps at once, in matrix products."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from rnnbench.cells import MatrixLSTM, RNNCell, State
from rnnbench.engine.base import Engine
from rnnbench.engine.call import project, returned_dtype, zero_padding
from rnnbench.engine.precision import loop_dtype, low_dtype, products_as

_CHUNK = 64


class ChunkwiseEngine(Engine):
    """Runs MatrixLSTM a chunk of steps at a time, on any device.

    What a step reads is a sum over all that was stored before. With F_t = log f_1 + ... + log f_t from the start of a
    chunk and C, n, m of the chunk before,

        m_t = max(0, F_t + m, max_s (F_t - F_s + log i_s)),  s <= t
        w_ts = exp(F_t - F_s + log i_s - m_t),  e_t = exp(F_t + m - m_t)
        C_t q_t = e_t C q_t + sum_s w_ts (k_s q_t) v_s,  n_t q_t = e_t n q_t + sum_s w_ts (k_s q_t)

    so that a chunk of L steps takes products with L rows, and a gradient needs the C of every L-th step alone. M. Beck
    et al., xLSTM: Extended Long Short-Term Memory, NeurIPS 2024 (appendix: the form parallel in time); W. Hua et al.,
    Transformer Quality in Linear Time, ICML 2022, for the chunks.
    """

    name = "chunkwise"

    def refusal(
        self,
        cell: RNNCell,
        masked: bool = False,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> str | None:
        """Refuses cells without a matrix memory."""
        if not isinstance(cell, MatrixLSTM) or type(cell).step is not MatrixLSTM.step:
            return "it has no matrix memory"
        return None

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`."""
        assert isinstance(cell, MatrixLSTM)
        dtype, returned = loop_dtype(state), returned_dtype(x, state)
        z = project(cell, params, x).to(dtype)
        if lengths is not None:
            lengths = lengths.to(x.device, non_blocking=True)
        with products_as(x.device, low_dtype(x, state)):
            # Steps go behind the heads: (B, heads, T, d) and (B, heads, T).
            query, key, value, log_i, log_f = (part.transpose(1, 2) for part in cell.store_and_query(z))
            if lengths is not None:
                # Past its length a sequence forgets nothing and stores nothing.
                valid = (torch.arange(z.shape[1], device=z.device) < lengths[:, None])[:, None]
                key, value = (torch.where(valid[..., None], part, 0.0) for part in (key, value))
                log_i, log_f = torch.where(valid, log_i, -torch.inf), torch.where(valid, log_f, 0.0)
            last = tuple(leaf.to(dtype) for leaf in state)
            found = []
            for chunk in zip(*(part.split(_CHUNK, dim=2) for part in (query, key, value, log_i, log_f)), strict=True):
                read, last = _run_chunk(chunk, last)
                found.append(read)
            memory_read, weight, stabiliser = (
                torch.cat(parts, dim=2).transpose(1, 2) for parts in zip(*found, strict=True)
            )
            y = cell.read(z, memory_read, weight, stabiliser)
        if lengths is not None:
            # Bit for bit, where nothing was run: the stabiliser of a state that was given may be another.
            ran = lengths > 0
            last = tuple(
                torch.where(ran.view(-1, *[1] * (new.dim() - 1)), new, old.to(dtype))
                for old, new in zip(state, last, strict=True)
            )
        return zero_padding(y.to(returned), lengths), tuple(leaf.to(returned) for leaf in last)


def _run_chunk(terms: tuple[Tensor, ...], state: State) -> tuple[tuple[Tensor, Tensor, Tensor], State]:
    """Some steps of a memory.

    Args:
        terms: Query, key and value ``(B, heads, L, d)``, log i and log f ``(B, heads, L)``.
        state: C ``(B, heads, d, d)``, n ``(B, heads, d)`` and m ``(B, heads)``.

    Returns:
        C_t q_t, n_t q_t and m_t of every step, and the state after the last.
    """
    query, key, value, log_i, log_f = terms
    memory, normaliser, start = state
    steps = log_f.shape[-1]
    # F_t - F_s, s in rows: each a sum of its own, as differences of long sums would lose digits.
    later = torch.ones(steps, steps, dtype=torch.bool, device=log_f.device).triu(1)
    kept = torch.where(later, log_f[..., None, :], 0.0).cumsum(-1)
    exponent = torch.where(later.T, -torch.inf, kept + log_i[..., None])
    from_start = log_f.cumsum(-1) + start[..., None]
    stabiliser = torch.maximum(exponent.amax(-2), from_start).clamp(min=0.0)
    weights = torch.exp(exponent - stabiliser[..., None, :])
    carried = torch.exp(from_start - stabiliser)
    scores = (key @ query.transpose(-1, -2)) * weights
    found = scores.transpose(-1, -2) @ value + carried[..., None] * (query @ memory.transpose(-1, -2))
    weight = scores.sum(-2) + carried * (query @ normaliser[..., None]).squeeze(-1)
    stored = weights[..., -1:] * key
    memory = carried[..., -1, None, None] * memory + value.transpose(-1, -2) @ stored
    normaliser = carried[..., -1, None] * normaliser + stored.sum(-2)
    return (found, weight, stabiliser), (memory, normaliser, stabiliser[..., -1])
