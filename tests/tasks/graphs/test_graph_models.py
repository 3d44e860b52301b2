"""Networks over graphs are what their equations say, whatever else is in a batch."""

import functools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import device, on_gpu

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LSTM
from rnnbench.data import Paths
from rnnbench.data.graphs.batch import GraphSamples, sparse_rows
from rnnbench.data.graphs.graph import Asked, Graph, Questions, both_ways
from rnnbench.errors import UserError
from rnnbench.tasks.base.ranking import area_under_roc, average_precision
from rnnbench.tasks.graphs import (
    AutoEncoderModel,
    FeatureModel,
    FixedPointModel,
    GatedModel,
    MaxPool,
    MeanPool,
    PropagationModel,
    SumPool,
)
from rnnbench.tasks.graphs.baselines.propagation import spread_labels
from rnnbench.tasks.graphs.layers.messages import drop
from rnnbench.tasks.graphs.layers.pooling import dense
from rnnbench.tasks.graphs.models.fixed_point import stretch

QUESTIONS = {"node": [[1], [3]], "pair": [[0, 1], [3, 2]], "link": [[0, 2], [1, 4]], "graph": [[]]}


def asked(kind="node", seed=0, nodes=6, kinds=1, weighted=False):
    draw = np.random.default_rng(seed)
    ends = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [0, 3], [0, 2]])
    weights = np.tile(draw.normal(size=len(ends)), 2).astype(np.float32) if weighted else None
    of_kind = draw.integers(kinds, size=2 * len(ends)) if kinds > 1 else None
    about = np.array(QUESTIONS[kind], dtype=np.int64)
    graph = Graph(draw.normal(size=(nodes, 3)).astype(np.float32), both_ways(ends), weights, of_kind)
    return Asked(graph, Questions(about, draw.integers(2, size=len(about))))


def batch_of(*parts):
    batch = GraphSamples(parts)(list(range(len(parts))), 0)
    return batch._replace(x=batch.x.double(), weights=None if batch.weights is None else batch.weights.double())


def spec(kind="node", kinds=1, **changed):
    return {
        "kind": kind, "classes": ["no", "yes"], "features": 3, "names": None, "normalised": False, "negative": False,
        "kinds": [str(number) for number in range(kinds)], **changed,
    }  # fmt: skip


def built(model, kind="node", kinds=1):
    torch.manual_seed(1)
    model.use_spec(spec(kind, kinds))
    return model.double().eval()


def gated(cell=GRU, **options):
    backbone = functools.partial(Backbone, cell=cell, hidden_size=5)
    return GatedModel(backbone=backbone, embedding_size=4, message_size=3, **options)


@pytest.mark.parametrize(("cell", "aggregation"), [(GRU, "sum"), (LSTM, "mean")])
def test_a_gated_graph_network_is_a_cell_for_each_node(cell, aggregation):
    model = built(gated(cell, rounds=3, aggregation=aggregation), kinds=3)
    batch = batch_of(asked(kinds=3, weighted=True))
    one = model.backbone.cells[0][0]
    read = [model.reader(x) for x in batch.x]
    states = [one.initial_state(1, read[0]) for _ in read]
    heard = [torch.zeros(3, dtype=torch.float64) for _ in read]
    for _ in range(4):
        outputs = []
        for node in range(6):
            z = one.project(torch.cat([read[node], heard[node]])[None])
            output, states[node] = one.step(z, states[node])
            outputs.append(output[0])
        heard = []
        for node in range(6):
            parts = [
                batch.weights[edge] * model.messages.weight[batch.kinds[edge]] @ outputs[batch.edges[0, edge]]
                for edge in range(batch.edges.shape[1])
                if batch.edges[1, edge] == node
            ]
            total = sum(parts, torch.zeros(3, dtype=torch.float64))
            heard.append(total / max(len(parts), 1) if aggregation == "mean" else total)
    assert torch.allclose(model.nodes(batch), torch.stack(outputs), rtol=0, atol=1e-10)


def test_fewer_rounds_than_edges_on_the_path_tell_nothing_and_as_many_do():
    found = Paths(length=3, nodes=8, train=4, validation=1, test=1).read()
    batch = GraphSamples(found.splits["train"])([0, 1, 2, 3], 0)
    batch = batch._replace(x=batch.x.double())
    for rounds, same in ((2, True), (3, False), (4, False)):
        torch.manual_seed(1)
        model = gated(rounds=rounds)
        model.use_spec(spec("pair", features=1))
        scores = model.double().eval().answer(batch).scores.unflatten(0, (-1, 2))
        apart = (scores[:, 0] - scores[:, 1]).abs().amax(1)
        assert bool((apart < 1e-12).all()) is same
        assert bool((apart > 1e-6).all()) is not same


MODELS = {
    "gated": gated,
    "fixed point": lambda: FixedPointModel(hidden_size=5, embedding_size=4, tolerance=1e-10),
    "features": lambda: FeatureModel(hidden_size=5),
}


@pytest.mark.parametrize("kind", QUESTIONS)
@pytest.mark.parametrize("name", MODELS)
def test_answers_hang_on_no_other_graph_of_the_batch_and_on_no_order(name, kind):
    model = built(MODELS[name](), kind)
    parts = [asked(kind, seed, nodes) for seed, nodes in ((0, 6), (1, 5), (2, 9))]
    alone = torch.cat([model.answer(batch_of(part)).scores for part in parts])
    assert torch.allclose(model.answer(batch_of(*parts)).scores, alone, rtol=0, atol=1e-12)
    # The same graph with its nodes in another order.
    graph, questions = parts[0]
    order = np.random.default_rng(3).permutation(6)
    moved = Graph(np.empty_like(graph.x), order[graph.edges][::-1])
    moved.x[order] = graph.x
    about = order[questions.about] if questions.about.size else questions.about
    other = batch_of(Asked(moved, questions._replace(about=about)))
    assert torch.allclose(model.answer(other).scores, alone[: len(questions.y)], rtol=0, atol=1e-12)


def unrolled(model, batch, rounds=200):
    read = model.reader(batch.x)
    once = model.map_of(read, batch)
    states = torch.zeros(len(read), model.hidden_size, dtype=torch.float64)
    for _ in range(rounds):
        states = once(states)
    return states


def test_the_gradient_at_a_fixed_point_is_that_of_many_rounds():
    model = built(FixedPointModel(hidden_size=4, embedding_size=3, tolerance=1e-13, max_rounds=500))
    batch = batch_of(asked(), asked(seed=4, nodes=9))
    states, rest = model.states(model.reader(batch.x), batch)
    assert rest.settled.all()
    assert torch.allclose(states, unrolled(model, batch), rtol=0, atol=1e-12)
    weight = torch.randn(states.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    parameters = [parameter for name, parameter in model.named_parameters() if not name.startswith("head")]
    found = torch.autograd.grad((states * weight).sum(), parameters)
    expected = torch.autograd.grad((unrolled(model, batch) * weight).sum(), parameters)
    assert all(torch.allclose(a, b, rtol=1e-9, atol=1e-11) for a, b in zip(found, expected, strict=True))


def test_the_stretch_is_the_largest_singular_value_and_the_penalty_brings_it_down():
    model = built(FixedPointModel(hidden_size=4, embedding_size=3, aggregation="sum", contraction=10.0))
    with torch.no_grad():
        model.output.weight.mul_(4)
    batch = batch_of(asked(weighted=False))
    read = model.reader(batch.x).detach()
    once = model.map_of(read, batch)
    states = torch.randn(6, 4, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(once, states).reshape(24, 24)
    true = float(torch.linalg.matrix_norm(jacobian, 2))
    found = max(float(stretch(once, states).detach()) for _ in range(20))
    assert 0.95 * true < found <= true * (1 + 1e-12)
    optimizer = torch.optim.Adam(model.parameters(), 0.05)
    before = float(stretch(model.map_of(read, batch), states).detach())
    for _ in range(40):
        optimizer.zero_grad()
        (stretch(model.map_of(model.reader(batch.x), batch), states) - 0.9).clamp(min=0).square().backward()
        optimizer.step()
    assert before > 1.5
    assert max(float(stretch(model.map_of(model.reader(batch.x), batch), states).detach()) for _ in range(5)) < 1


def test_what_does_not_come_to_rest_is_told_graph_by_graph():
    model = built(FixedPointModel(hidden_size=4, embedding_size=3, aggregation="sum", max_rounds=30))
    with torch.no_grad():
        # A state grows by every round where there is an edge, and not where there is none.
        model.of_state.weight.copy_(-20 * torch.eye(4))
        model.output.weight.copy_(20 * torch.eye(4))
    alone = Asked(Graph(np.ones((2, 3), np.float32), np.empty((0, 2), np.int64)), asked().questions)
    batch = GraphSamples([asked(), alone._replace(questions=Questions(np.array([[0]]), np.array([0])))])([0, 1], 0)
    _, rest = model.states(model.reader(batch.x.double()), batch)
    assert rest.settled.tolist() == [False, True]


def test_labels_spread_as_the_closed_form_says():
    batch = batch_of(asked())
    matrix = torch.zeros(6, 6, dtype=torch.float64)
    matrix[batch.edges[1], batch.edges[0]] = 1
    degree = matrix.sum(1)
    scale = torch.where(degree > 0, degree, 1).rsqrt()
    smooth = scale[:, None] * matrix * scale
    labels = torch.zeros(6, 2, dtype=torch.float64)
    labels[batch.about[:, 0], batch.y] = 1
    expected = 0.2 * torch.linalg.solve(torch.eye(6, dtype=torch.float64) - 0.8 * smooth, labels)
    assert torch.allclose(spread_labels(batch, 2, 0.8, 300), expected, rtol=0, atol=1e-12)


PAIRS = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=25).filter(
    lambda rows: len({link for _, link in rows}) == 2
)


@given(rows=PAIRS)
@settings(max_examples=30, derandomize=True)
def test_links_are_scored_as_defined(rows):
    links = [score for score, link in rows if link]
    others = [score for score, link in rows if not link]
    auc = sum((a > b) + 0.5 * (a == b) for a in links for b in others) / (len(links) * len(others))
    precision, recall = 0.0, 0
    for threshold in sorted({score for score, _ in rows}, reverse=True):
        found = sum(score >= threshold for score in links)
        precision += (found - recall) * found / (found + sum(score >= threshold for score in others))
        recall = found
    scores = torch.tensor([float(score) for score, _ in rows], dtype=torch.float64)
    holds = torch.tensor([link for _, link in rows])
    assert area_under_roc(scores, holds) == pytest.approx(auc, abs=1e-12)
    assert average_precision(scores, holds) == pytest.approx(precision / len(links))


def test_links_are_scored_where_the_scores_lie():
    scores, holds = torch.tensor([0.2, 0.7, 0.2, 0.9, 0.1]).double(), torch.tensor([True, True, False, True, False])
    for score in (area_under_roc, average_precision):
        with device():
            found = score(on_gpu(scores), on_gpu(holds))
        assert found == score(scores, holds)


def test_pooling_is_by_graph():
    batch = batch_of(asked(), asked(seed=1, nodes=5))
    hidden = torch.randn(11, 4, dtype=torch.float64)
    parts = hidden.split([6, 5])
    for pool, of in ((SumPool, lambda x: x.sum(0)), (MeanPool, lambda x: x.mean(0)), (MaxPool, lambda x: x.amax(0))):
        assert torch.allclose(pool(4)(hidden, batch)[0], torch.stack([of(part) for part in parts]), rtol=0, atol=1e-14)
    x, matrix, mask = dense(hidden, batch)
    assert torch.equal(x[1, :5], parts[1])
    assert mask.sum(1).tolist() == [6, 5]
    edges = {(int(b), int(a)) for a, b in batch.edges.T if a >= 6}
    assert {(int(a) + 6, int(b) + 6) for a, b in matrix[1].nonzero()} == edges


def test_of_sparse_rows_only_values_are_dropped_and_their_mean_stays():
    ends = torch.tensor([0, 2000, 4000])
    x = sparse_rows(ends, torch.arange(4000) % 2000, torch.ones(4000), (2, 2000))
    found = drop(x, 0.25, training=True)
    assert found.layout == torch.sparse_csr
    assert sorted(set(found.values().tolist())) == [0.0, pytest.approx(4 / 3)]
    assert float(found.values().mean()) == pytest.approx(1, abs=0.05)
    assert drop(x, 0.25, training=False) is x


@pytest.mark.parametrize(
    ("model", "kind", "problem"),
    [
        (PropagationModel, "graph", "PropagationModel answers questions about node; these are about graph"),
        (AutoEncoderModel, "node", "AutoEncoderModel answers questions about link"),
    ],
)
def test_a_model_that_cannot_answer_says_so(model, kind, problem):
    with pytest.raises(UserError, match=problem):
        model().use_spec(spec(kind))


def test_rounds_have_one_direction():
    model = GatedModel(backbone=functools.partial(Backbone, cell=GRU, hidden_size=4, bidirectional=True))
    with pytest.raises(UserError, match="rounds of messages have one direction"):
        model.use_spec(spec())


def test_a_layer_of_the_library_that_is_missing_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch_geometric", None)
    with pytest.raises(UserError, match="pip install 'rnnbench\\[graphs\\]'"):
        AutoEncoderModel().use_spec(spec("link"))
