"""What a run shows of its vectors: words in the plane, and pairs beside what people say of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnbench.tasks.base.pictures import record_picture
from rnnbench.tasks.base.plane import principal_axes
from rnnbench.tasks.word_vectors.model import WordModel
from rnnbench.tasks.word_vectors.pictures import SIMILARITIES, WORDS, Map, draw_similarities, draw_words

_DRAWN = 70


def draw_test(model: WordModel) -> None:
    """Draws the pictures of the card into the run folder.

    Args:
        model: A model that was tested just now.
    """
    folder = Path(model.trainer.default_root_dir)
    lookup = model.lookup()
    words = list(model.shown_words()[:_DRAWN])
    vectors = lookup.unit[[lookup.words.index(word) for word in words]].numpy()
    maps = [Map("two principal axes", principal_axes(vectors))]
    if (neighbours := t_sne(vectors)) is not None:
        maps.append(Map("t-SNE", neighbours))
    draw_words(folder / WORDS, words, maps)
    sets = {}
    for name, pairs in model.data.benchmarks.pairs.items():
        found = [(pair.score, lookup.vector(pair.first), lookup.vector(pair.second)) for pair in pairs]
        known = [(score, float(a @ b)) for score, a, b in found if a is not None and b is not None]
        scores, cosines = np.array(known, dtype=np.float64).reshape(-1, 2).T
        sets[name] = (scores, cosines)
    draw_similarities(folder / SIMILARITIES, sets)
    for name in (WORDS, SIMILARITIES):
        record_picture(model.trainer, name)


def t_sne(vectors: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Vectors ``(N, D)`` in the plane so that neighbours stay neighbours ``(N, 2)``; None without scikit-learn.

    L. van der Maaten and G. Hinton, Visualizing Data using t-SNE, JMLR 9 (2008), on cosines.

    Args:
        vectors: The vectors, of length 1.
    """
    if importlib.util.find_spec("sklearn") is None or len(vectors) < 8:
        return None
    from sklearn.manifold import TSNE

    places = principal_axes(vectors)
    start = places / max(float(places[:, 0].std()), 1e-12) * 1e-4
    made = TSNE(perplexity=min(15.0, len(vectors) / 4), init=start, metric="cosine", random_state=0)
    return made.fit_transform(vectors).astype(np.float64)
