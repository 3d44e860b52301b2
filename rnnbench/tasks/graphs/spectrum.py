"""The spectrum of a graph: eigenvalues and eigenvectors of its normalised Laplacian."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh

from rnnbench.data.graphs.graph import Graph

_SHOWN = 24
_DENSE = 400


class Spectrum(NamedTuple):
    """The smallest eigenvalues of the Laplacian of a graph's largest part, with their eigenvectors."""

    values: NDArray[np.float64]
    """``(K,)``, ascending; the first one is 0."""
    vectors: NDArray[np.float64]
    """``(N', K)``, of unit length."""
    edges: NDArray[np.int64]
    """``(E', 2)``: edges of the part, in its own numbers."""
    parts: int
    """In how many parts the graph falls."""


def spectrum_of(graph: Graph) -> Spectrum:
    """The spectrum of ``L = I - D^-1/2 A D^-1/2``; edges count 1 and have no direction.

    F. Chung, Spectral Graph Theory, 1997.

    Args:
        graph: The graph.
    """
    nodes = graph.x.shape[0]
    ends = graph.edges
    matrix = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes)).tocsr()
    matrix = csr_array(((matrix + matrix.T) > 0).astype(np.float64))
    parts, part = connected_components(matrix, directed=False)
    inside = np.flatnonzero(part == np.bincount(part).argmax())
    matrix = matrix[inside][:, inside]
    degree = np.asarray(matrix.sum(1)).reshape(-1)
    scale = diags_array(1 / np.sqrt(np.where(degree > 0, degree, 1.0)))
    smooth = scale @ matrix @ scale
    count = min(_SHOWN, len(inside))
    if len(inside) <= _DENSE:
        found, vectors = np.linalg.eigh(smooth.toarray())
        found, vectors = found[::-1][:count], vectors[:, ::-1][:, :count]
    else:
        # The smallest ones of the Laplacian are the largest ones here, which Lanczos finds first.
        found, vectors = eigsh(smooth, count, which="LA", v0=np.sqrt(degree), ncv=4 * count)
        order = np.argsort(-found)
        found, vectors = found[order], vectors[:, order]
    # An eigenvector has no sign of its own: its largest entry is positive here.
    ends_of = vectors[np.abs(vectors).argmax(0), np.arange(count)]
    vectors = vectors * np.where(ends_of < 0, -1, 1)
    pairs = np.argwhere(np.triu(matrix.toarray())) if len(inside) <= _DENSE else _upper(matrix)
    values = 1 - found
    return Spectrum(np.where(np.abs(values) < 1e-9, 0.0, values), vectors, pairs, int(parts))


def _upper(matrix: csr_array) -> NDArray[np.int64]:
    rows, columns = matrix.nonzero()
    return np.stack([rows, columns], 1)[rows < columns]
