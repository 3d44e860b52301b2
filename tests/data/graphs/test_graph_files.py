"""Graphs of files: read right, or refused with the place of the fault."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from rnnbench.data import GraphFiles, Planetoid, TUFiles
from rnnbench.data.graphs.batch import GraphSamples
from rnnbench.data.notice import _told
from rnnbench.errors import UserError

NODES = """id,label,split,age
ann,x,train,1.5
bob,y,train,2
cid,x,validation,3
dan,y,test,4
eve,,,5
"""
EDGES = "source,target\nann,bob\nbob,cid\ncid,dan\n"


@pytest.fixture(autouse=True)
def _untold():
    _told.clear()


@pytest.fixture
def folder(tmp_path):
    """Writes the tables of a graph into a folder."""

    def write(nodes=NODES, edges=EDGES, pairs=None):
        place = tmp_path / "people"
        place.mkdir(exist_ok=True)
        for name, text in (("nodes", nodes), ("edges", edges), ("pairs", pairs)):
            if text is not None:
                (place / f"{name}.csv").write_text(text)
        return place

    return write


def test_tables_are_a_graph(folder):
    found = GraphFiles(str(folder())).read()
    graph = found.splits["train"][0].graph
    assert (found.kind, found.classes, found.features) == ("node", ("x", "y"), ("age",))
    assert graph.x.tolist() == [[1.5], [2], [3], [4], [5]]
    assert graph.edges.tolist() == [[0, 1], [1, 2], [2, 3], [1, 0], [2, 1], [3, 2]]
    asked = {
        split: (one[0].questions.about.tolist(), one[0].questions.y.tolist()) for split, one in found.splits.items()
    }
    assert asked == {"train": ([[0], [1]], [0, 1]), "validation": ([[2]], [0]), "test": ([[3]], [1])}


def test_weights_kinds_directions_and_pairs(folder):
    edges = "source,target,weight,kind\nann,bob,0.5,likes\nbob,ann,2,likes\nbob,cid,1,knows\n"
    pairs = "source,target,label\n" + "".join(
        f"ann,{name},{label}\n" for name, label in zip(["bob", "cid"] * 5, "uv" * 5, strict=True)
    )
    found = GraphFiles(str(folder(edges=edges, pairs=pairs)), directed=True).read()
    graph = found.splits["train"][0].graph
    assert (found.kind, found.classes) == ("pair", ("u", "v"))
    assert found.kinds == ("knows", "likes", "knows, backwards", "likes, backwards")
    assert graph.edges.tolist() == [[0, 1], [1, 0], [1, 2], [1, 0], [0, 1], [2, 1]]
    assert graph.weights.tolist() == [0.5, 2, 1, 0.5, 2, 1]
    assert graph.kinds.tolist() == [1, 1, 0, 3, 3, 2]
    assert [len(one[0].questions.y) for one in found.splits.values()] == [6, 2, 2]


def test_columns_of_another_name(folder):
    renamed = folder(NODES.replace("label", "team"), EDGES.replace("source,target", "from,to"))
    columns = {"label": "team", "source": "from", "target": "to"}
    assert GraphFiles(str(renamed), columns=columns).read().classes == ("x", "y")


def test_what_is_taken_otherwise_is_told_once(folder, capsys):
    edges = EDGES + "bob,ann\nann,bob\ncid,cid\n"
    found = GraphFiles(str(folder(edges=edges))).read()
    assert len(found.splits["train"][0].graph.edges) == 6
    said = capsys.readouterr().err.splitlines()
    assert [line.partition("edges.csv: ")[2] for line in said] == [
        "1 edges lead from a node to itself and are left out; layers add their own",
        f"2 edges stand there twice and count once; the first: {folder()}/edges.csv, line 5",
        "1 of 5 nodes have no edge; a network sees nothing of them but their features",
    ]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"edges": EDGES + "dan,fay\n"}, r"edges.csv, line 5\nthe target is node 'fay', which is not among the nodes"),
        ({"edges": "source,target\n"}, "there is no row"),
        ({"edges": "source,target\nann,ann\n"}, "a graph with no edge"),
        (
            {"edges": "source,target,weight\nann,bob,1\nbob,ann,2\n"},
            r"line 3\nthe edge stands twice, with the weights 1",
        ),
        ({"edges": "source,target,weight\nann,bob,inf\n"}, "column 'weight' holds 'inf'"),
        ({"edges": "source,target,colour\nann,bob,red\n"}, "a column 'colour' means nothing here"),
        ({"edges": "from,to\nann,bob\n"}, "there is no column source; there are: from, to"),
        ({"nodes": NODES.replace("validation", "train")}, "the split validation has no row"),
        (
            {"nodes": NODES.replace("validation", "valid")},
            r"line 4\nthere is no split 'valid'\ndid you mean: validation",
        ),
        ({"nodes": NODES.replace("cid,x", "cid,")}, "it belongs to validation and has no label"),
        ({"nodes": NODES.replace("eve", "ann")}, r"line 6\ntwo nodes are called 'ann'"),
        ({"nodes": NODES.replace("1.5", "old")}, r"line 2\ncolumn 'age' holds 'old'"),
        ({"nodes": NODES.replace("label", "team")}, "column 'team' holds 'x'"),
        ({"nodes": "id,age\nann,1\nbob,2\n", "edges": "source,target\nann,bob\n"}, "there is no column label"),
        ({"pairs": "source,target,label\nann,bob,u\nann,cid,v\n"}, "none is left for validation"),
    ],
)
def test_bad_tables_are_told(changed, problem, folder):
    with pytest.raises(UserError, match=problem):
        GraphFiles(str(folder(**changed))).read()


def planetoid(path, **changed):
    """Four nodes on a line, of which the last has no label."""
    x = csr_array(np.array([[1, 0, 1], [0, 2, 0], [0, 0, 0], [1, 1, 1]], dtype=np.float32))
    arrays = {
        "feat_data": x.data, "feat_indices": x.indices, "feat_indptr": x.indptr, "feat_shape": np.array(x.shape),
        "labels": np.array([0, 1, 1, -1]), "edges": np.array([[0, 1], [1, 2], [2, 3]]),
        "train_mask": np.array([1, 0, 0, 0]), "val_mask": np.array([0, 1, 0, 0]), "test_mask": np.array([0, 0, 1, 0]),
    }  # fmt: skip
    np.savez(path, **{name: array for name, array in {**arrays, **changed}.items() if array is not None})
    return str(path)


def test_arrays_of_planetoid_are_a_graph(tmp_path):
    found = Planetoid(planetoid(tmp_path / "line.npz")).read()
    samples = GraphSamples(found.splits["train"], normalised=True)
    batch = samples([0], 0)
    assert batch.x.layout == torch.sparse_csr
    assert batch.x.to_dense().tolist() == [[0.5, 0, 0.5], [0, 1, 0], [0, 0, 0], [pytest.approx(1 / 3)] * 3]
    assert batch.edges.tolist() == [[0, 1, 2, 1, 2, 3], [1, 2, 3, 0, 1, 2]]
    assert samples([0], 1) is batch, "one graph has one batch, which is made once"
    assert (found.classes, found.splits["test"][0].questions.about.tolist()) == (("0", "1"), [[2]])


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"train_mask": np.zeros(4)}, "train_mask has no node"),
        ({"val_mask": np.array([0, 0, 0, 1])}, "val_mask has node 3, which has no label"),
        ({"edges": np.array([[0, 4]])}, r"edges, row 1\nan edge leads to node 4, and there are 4 nodes: 0 to 3"),
        ({"edges": np.empty((0, 2))}, "a graph with no edge"),
        ({"labels": np.array([0, 1])}, "labels is \\(2,\\), and there are 4 nodes"),
        ({"labels": None}, "there is no array 'labels'"),
        ({"labels": np.array([{}, 1, 1, 1])}, "no file of NumPy arrays"),
        ({"feat_data": np.array([np.nan] * 6, dtype=np.float32)}, "a feature is no finite number"),
        ({"feat_indices": np.array([0, 2, 9, 0, 1, 2])}, "no file of NumPy arrays"),
    ],
)
def test_bad_arrays_are_told(changed, problem, tmp_path):
    path = planetoid(tmp_path / "line.npz", **changed)
    with pytest.raises(UserError, match=problem):
        Planetoid(path).read()


def test_a_card_whose_file_is_not_there_says_where_to_get_it():
    with pytest.raises(UserError, match="there is no such file\nget it: .*tkipf/gcn"):
        Planetoid("cora.npz", card="cora").read()


TU = {
    "A": "1, 2\n2, 1\n2, 3\n3, 2\n4, 5\n5, 4\n" + "".join(f"{n}, {n + 1}\n{n + 1}, {n}\n" for n in range(6, 26, 2)),
    "graph_indicator": "1\n1\n1\n2\n2\n" + "".join(f"{g}\n{g}\n" for g in range(3, 13)),
    "graph_labels": "-1\n1\n" + "1\n-1\n" * 5,
    "node_labels": "0\n1\n2\n" + "1\n" * 22,
    "node_attributes": "".join(f"{n}.5\n" for n in range(25)),
    "edge_labels": "7\n7\n8\n8\n" + "7\n" * 22,
}


def tu(folder, **changed):
    for name, text in {**TU, **changed}.items():
        if text is not None:
            (folder / f"MINE_{name}.txt").write_text(text)
    return str(folder)


def test_files_of_tu_are_graphs(tmp_path):
    found = TUFiles(tu(tmp_path)).read()
    everything = [one for split in found.splits.values() for one in split]
    first = next(one.graph for one in everything if one.graph.x.shape[0] == 3)
    assert (found.kind, found.classes, found.kinds) == ("graph", ("-1", "1"), ("7", "8"))
    assert [len(split) for split in found.splits.values()] == [9, 1, 2]
    assert first.x.tolist() == [[1, 0, 0, 0.5], [0, 1, 0, 1.5], [0, 0, 1, 2.5]]
    assert first.edges.tolist() == [[0, 1], [1, 2], [1, 0], [2, 1]]
    assert first.kinds.tolist() == [0, 1, 0, 1]


def test_without_features_a_node_has_a_one(tmp_path):
    found = TUFiles(tu(tmp_path, node_labels=None, node_attributes=None, edge_labels=None)).read()
    graph = found.splits["train"][0].graph
    assert graph.x.tolist() == [[1]] * len(graph.x)
    assert graph.kinds is None


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"A": None}, "there is no file NAME_A.txt"),
        ({"A": TU["A"] + "1, 26\n"}, r"A.txt, line 27\nan edge between nodes 1 and 26, and there are nodes 1 to 25"),
        ({"A": TU["A"] + "1, 4\n"}, r"A.txt, line 27\nan edge leads from one graph to another"),
        ({"A": "1, x\n"}, "'1, x' is no line of numbers"),
        ({"A": "1, 2, 3\n"}, "two nodes are needed"),
        ({"node_labels": "0\n"}, "it has 1 lines, and 25 are needed"),
        ({"graph_indicator": "2\n" + TU["graph_indicator"][2:]}, "not those of graphs 1 to 12"),
        ({"graph_labels": TU["graph_labels"] + "1\n"}, "graph 13 has no node"),
    ],
)
def test_bad_files_of_tu_are_told(changed, problem, tmp_path):
    with pytest.raises(UserError, match=problem):
        TUFiles(tu(tmp_path, **changed)).read()


def test_a_batch_holds_what_its_graphs_hold_alone(tmp_path):
    found = TUFiles(tu(tmp_path)).read()
    samples = GraphSamples(found.splits["train"])
    together = samples([4, 0, 7], 0)
    node = edge = 0
    for place, number in enumerate([4, 0, 7]):
        alone = samples([number], 0)
        nodes, edges = slice(node, node + alone.tokens), slice(edge, edge + alone.edges.shape[1])
        assert torch.equal(together.x[nodes], alone.x)
        assert torch.equal(together.edges[:, edges] - node, alone.edges)
        assert torch.equal(together.kinds[edges], alone.kinds)
        assert together.graph[nodes].unique().tolist() == together.about[place].tolist() == [place]
        assert (together.ids[place], together.y[place]) == (alone.ids[0], alone.y[0]) == (number, alone.y[0])
        node, edge = nodes.stop, edges.stop
    assert (together.tokens, together.edges.shape[1], together.graphs) == (node, edge, 3)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "nodes", "edges", "sizes"),
    [("cora", 2708, 5278, (140, 500, 1000)), ("citeseer", 3327, 4552, (120, 500, 1000))],
)
def test_citations_are_what_their_cards_say(name, nodes, edges, sizes, real_data):
    found = Planetoid(str(real_data / f"planetoid/{name}.npz"), card=name).read()
    graph = found.splits["train"][0].graph
    assert (graph.x.shape[0], len(graph.edges)) == (nodes, 2 * edges)
    assert tuple(len(split[0].questions.y) for split in found.splits.values()) == sizes
