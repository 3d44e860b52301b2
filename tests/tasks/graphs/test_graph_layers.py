"""Layers of torch_geometric as they are used here: against dense definitions, whatever else is in a batch."""

import numpy as np
import pytest
import torch
from test_graph_models import asked, batch_of, spec

from rnnbench.data.graphs.batch import features_tensor
from rnnbench.errors import UserError
from rnnbench.tasks.graphs import (
    GAT,
    GCN,
    AutoEncoderModel,
    Chebyshev,
    ConvolutionModel,
    DiffPool,
    GraphSAGE,
    SortPool,
)
from rnnbench.tasks.graphs.layers.all_pairs import all_pairs_loss

pytestmark = pytest.mark.slow  # the library alone takes seconds to import

LAYERS = {"GCN": GCN, "GAT": GAT, "GraphSAGE": GraphSAGE, "Chebyshev": Chebyshev}


@pytest.fixture(autouse=True, scope="module")
def _library():
    pytest.importorskip("torch_geometric")


def matrix_of(batch):
    matrix = torch.zeros(len(batch.x), len(batch.x), dtype=torch.float64)
    weights = torch.ones(batch.edges.shape[1], dtype=torch.float64) if batch.weights is None else batch.weights
    return matrix.index_put((batch.edges[1], batch.edges[0]), weights, accumulate=True)


def positive():
    part = asked(weighted=True)
    return batch_of(part._replace(graph=part.graph._replace(weights=np.abs(part.graph.weights))))


def test_gcn_is_the_renormalised_matrix():
    batch = positive()
    layer = GCN(3, 4, False).double()
    matrix = matrix_of(batch) + torch.eye(6, dtype=torch.float64)
    scale = matrix.sum(1).rsqrt()
    expected = (scale[:, None] * matrix * scale) @ batch.x @ layer.layer.lin.weight.T + layer.layer.bias
    assert torch.allclose(layer(batch.x, batch), expected, rtol=0, atol=1e-10)


def test_chebyshev_is_polynomials_of_the_laplacian():
    batch = positive()
    layer = Chebyshev(3, 4, False, terms=4).double()
    matrix = matrix_of(batch)
    degree = matrix.sum(1)
    scale = torch.where(degree > 0, degree, 1).rsqrt() * (degree > 0)
    scaled = -scale[:, None] * matrix * scale
    terms = [batch.x, scaled @ batch.x]
    for _ in range(2):
        terms.append(2 * scaled @ terms[-1] - terms[-2])
    expected = sum(term @ lin.weight.T for term, lin in zip(terms, layer.layer.lins, strict=True)) + layer.layer.bias
    # A node without an edge is 1 - 1 = 0 times itself in the library, and here, too.
    connected = degree > 0
    assert torch.allclose(layer(batch.x, batch)[connected], expected[connected], rtol=0, atol=1e-10)


def test_attention_adds_up_to_one():
    batch = batch_of(asked())
    edges, weights = GAT(3, 8, False, heads=4).double().eval().attention(batch.x, batch)
    summed = torch.zeros(6, 4, dtype=torch.float64).index_add(0, edges[1], weights.detach())
    assert torch.allclose(summed, torch.ones_like(summed), atol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_a_batch_is_its_graphs_alone_and_sparse_features_are_dense_ones(name):
    torch.manual_seed(0)
    for kind in ("node", "graph"):
        model = ConvolutionModel(LAYERS[name], hidden_size=8)
        model.use_spec(spec(kind))
        model.double().eval()
        parts = [asked(kind, seed, nodes) for seed, nodes in ((0, 6), (1, 5), (2, 9))]
        alone = torch.cat([model.answer(batch_of(part)).scores for part in parts])
        batch = batch_of(*parts)
        assert torch.allclose(model.answer(batch).scores, alone, rtol=0, atol=1e-12)
        from scipy.sparse import csr_array

        sparse = batch._replace(x=features_tensor(csr_array(batch.x.numpy())).double())
        near = model.answer(sparse).scores
        assert torch.allclose(near, alone, rtol=0, atol=1e-5), "the features were rounded to 32 bits"


@pytest.mark.parametrize("pooling", [SortPool, DiffPool])
def test_pools_of_the_library_hang_on_no_other_graph(pooling):
    torch.manual_seed(0)
    model = ConvolutionModel(GCN, hidden_size=6, pooling=pooling)
    model.use_spec(spec("graph"))
    model.double().eval()
    parts = [asked("graph", seed, nodes) for seed, nodes in ((0, 6), (1, 5), (2, 9))]
    alone = torch.cat([model.answer(batch_of(part)).scores for part in parts])
    assert torch.allclose(model.answer(batch_of(*parts)).scores, alone, rtol=0, atol=1e-10)
    model.train()
    found = model.loss(batch_of(*parts))
    assert (found.penalty is not None) == (pooling is DiffPool)
    found.total.backward()


def test_a_variational_code_is_held_near_to_the_normal_distribution():
    model = AutoEncoderModel(variational=True)
    model.use_spec(spec("link"))
    model.double()
    batch = batch_of(asked("link"))
    mean, log_deviation = model.encode(batch)
    normal = torch.distributions.Normal
    apart = torch.distributions.kl_divergence(normal(mean, log_deviation.exp()), normal(0.0, 1.0)).sum(1).mean()
    assert model.loss(batch).penalty.item() == pytest.approx(apart.item() / 6)
    model.eval()
    assert torch.equal(model.answer(batch).scores, model.answer(batch).scores)
    expected = (mean[batch.about[:, 0]] * mean[batch.about[:, 1]]).sum(1)
    assert torch.allclose(model.answer(batch).scores[:, 1], expected)


def test_the_loss_over_all_pairs_is_the_weighted_cross_entropy_of_the_matrix(monkeypatch):
    monkeypatch.setattr("rnnbench.tasks.graphs.layers.all_pairs._ROWS", 3)
    codes = torch.randn(7, 4, dtype=torch.float64, requires_grad=True)
    edges = torch.tensor([[0, 1, 2, 1, 0, 0], [1, 2, 5, 0, 0, 1]])  # One of them twice, and a loop.
    matrix = torch.zeros(7, 7, dtype=torch.float64)
    matrix[edges[0], edges[1]] = 1
    edge_count = matrix.sum()
    with_loops = (matrix + torch.eye(7)).clamp(max=1)
    weighted = torch.nn.functional.binary_cross_entropy_with_logits(
        codes @ codes.T, with_loops, pos_weight=(49 - edge_count) / edge_count, reduction="sum"
    )
    expected = weighted * 49 / (2 * (49 - edge_count))
    found = all_pairs_loss(codes, edges)
    assert torch.allclose(found, expected, rtol=1e-12)
    for mine, right in zip(torch.autograd.grad(found, codes), torch.autograd.grad(expected, codes), strict=True):
        assert torch.allclose(mine, right, rtol=1e-12)


@pytest.mark.parametrize("layer", [GCN, Chebyshev])
def test_negative_weights_are_refused_by_spectral_filters(layer):
    with pytest.raises(
        UserError, match=f"{layer.__name__} is a filter of the graph's Laplacian, and an edge has a weight below 0"
    ):
        ConvolutionModel(layer).use_spec(spec(negative=True))
    ConvolutionModel(GAT, hidden_size=8).use_spec(spec(negative=True))


def test_heads_part_the_units():
    with pytest.raises(UserError, match="12 units are not parted among 8 heads"):
        ConvolutionModel(GAT, hidden_size=12).use_spec(spec())


def test_weight_decay_can_act_on_the_first_layer_alone():
    model = ConvolutionModel(
        GCN, decay_first_only=True, optimizer=lambda groups: torch.optim.Adam(groups, weight_decay=0.5)
    )
    model.use_spec(spec())
    groups = model.configure_optimizers().param_groups
    assert [group["weight_decay"] for group in groups] == [0.5, 0.0]
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    assert {id(one) for one in groups[0]["params"]} == {id(one) for one in model.layers[0].parameters()}
