"""Graphs made on the spot are what they say."""

import networkx
import numpy as np
import pytest

from rnnbench.data import HeldOutLinks, Paths, StochasticBlocks, Triangles
from rnnbench.data.graphs.batch import GraphSamples
from rnnbench.errors import UserError

SMALL = {"train": 12, "validation": 4, "test": 4}


def as_networkx(graph):
    found = networkx.Graph(graph.edges.tolist())
    found.add_nodes_from(range(graph.x.shape[0]))
    return found


@pytest.mark.parametrize("length", [1, 3, 6])
def test_a_path_leads_as_far_as_it_says_and_its_counterpart_lies_elsewhere(length):
    for asked in Paths(length=length, nodes=10, **SMALL).read().splits["train"]:
        graph = as_networkx(asked.graph)
        (near, yes), (also_near, no) = asked.questions.about.tolist()
        assert asked.questions.y.tolist() == [1, 0]
        assert near == also_near == int(asked.graph.x[:, 0].argmax())
        assert asked.graph.x.sum() == 1
        assert networkx.shortest_path_length(graph, near, yes) == length
        assert not networkx.has_path(graph, near, no)
        parts = [graph.subgraph(part) for part in networkx.connected_components(graph)]
        assert len(parts) == 2
        assert networkx.is_isomorphic(*parts)


def test_triangles_are_as_many_as_the_class_says_and_every_number_occurs():
    found = Triangles(most=4, train=60, validation=1, test=1).read()
    numbers = []
    for asked in found.splits["train"]:
        graph = as_networkx(asked.graph)
        numbers.append(sum(networkx.triangles(graph).values()) // 3)
        assert found.classes[asked.questions.y[0]] == str(numbers[-1])
        degrees = [min(degree, 7) for _, degree in sorted(graph.degree)]
        assert asked.graph.x.argmax(1).tolist() == degrees
    assert set(numbers) == {1, 2, 3, 4}


def test_blocks_are_denser_inside_and_every_node_is_asked_about_once():
    found = StochasticBlocks(blocks=3, nodes=80, inside=0.2, between=0.02, labelled=4, validation=6).read()
    graph = found.splits["train"][0].graph
    assert all(asked.graph is graph for split in found.splits.values() for asked in split)
    block = np.repeat(np.arange(3), 80)
    same = block[graph.edges[:, 0]] == block[graph.edges[:, 1]]
    assert same.sum() / (3 * 80 * 79) == pytest.approx(0.2, abs=0.02)
    assert (~same).sum() / (6 * 80 * 80) == pytest.approx(0.02, abs=0.005)
    nodes = np.concatenate([split[0].questions.about[:, 0] for split in found.splits.values()])
    assert sorted(nodes) == list(range(240))
    assert len(found.splits["train"][0].questions.y) == 12
    assert all((split[0].questions.y == block[split[0].questions.about[:, 0]]).all() for split in found.splits.values())


@pytest.mark.parametrize("source", [Paths, Triangles])
def test_graphs_are_a_function_of_seed_split_and_number(source):
    def edges(**options):
        asked = source(**{**SMALL, **options}).read().splits
        return [one.graph.edges.tolist() for split in asked.values() for one in split]

    assert edges() == edges()
    assert edges()[:12] == edges(train=20)[:12], "more graphs leave the first ones as they are"
    assert edges() != edges(seed=2)
    assert len(set(map(str, edges()))) == len(edges())


def test_hidden_links_are_hidden_and_pairs_without_one_have_none():
    blocks = StochasticBlocks(nodes=40)
    whole = {tuple(sorted(edge)) for edge in blocks.read().splits["train"][0].graph.edges.tolist()}
    found = HeldOutLinks(blocks, validation=0.1, test=0.2).read()
    seen = {tuple(sorted(edge)) for edge in found.splits["train"][0].graph.edges.tolist()}
    asked = {}
    for split, ((graph, questions),) in found.splits.items():
        assert graph is found.splits["train"][0].graph
        asked[split] = {tuple(pair) for pair in questions.about[questions.y == 1].tolist()}
        none = [tuple(pair) for pair in questions.about[questions.y == 0].tolist()]
        assert not whole & set(none)
        assert len(set(none)) == len(none) == (0 if split == "train" else len(asked[split]))
    assert asked["train"] == seen
    assert asked["train"] | asked["validation"] | asked["test"] == whole
    assert sum(map(len, asked.values())) == len(whole)
    assert [len(asked[split]) for split in ("validation", "test")] == [int(len(whole) * s) for s in (0.1, 0.2)]


def test_training_draws_pairs_without_an_edge_anew_in_every_epoch():
    found = HeldOutLinks(StochasticBlocks(nodes=30)).read()
    samples = GraphSamples(found.splits["train"], apart=found.apart, seed=3)
    links = {tuple(pair) for pair in found.apart.tolist()}
    drawn = []
    for epoch in (0, 1, 0):
        batch = samples([0], epoch)
        assert batch.y.sum() * 2 == len(batch.y)
        none = batch.about[batch.y == 0]
        assert not links & {tuple(pair) for pair in none.tolist()}
        assert (none[:, 0] < none[:, 1]).all()
        drawn.append(none.tolist())
    assert drawn[0] == drawn[2] != drawn[1]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Paths(length=12), "a path of 12 edges has 13 nodes"),
        (lambda: Paths(train=0), "must be at least 1, found 0"),
        (lambda: Triangles(min_nodes=2), "at least 3 are needed"),
        (lambda: Triangles(min_nodes=4, most=9), "4 nodes have no 9 triangles"),
        (lambda: StochasticBlocks(nodes=20), "none is left"),
        (lambda: StochasticBlocks(blocks=1), "at least 2"),
        (lambda: StochasticBlocks(inside=0, between=0).read(), "a graph with no edge"),
        (lambda: HeldOutLinks(StochasticBlocks(nodes=30), validation=0.001).read(), "of .* 0 are left for validation"),
        (lambda: HeldOutLinks(Paths(**SMALL)).read(), "has several graphs"),
    ],
)
def test_bad_options_are_told(make, problem):
    with pytest.raises(UserError, match=problem):
        make()
