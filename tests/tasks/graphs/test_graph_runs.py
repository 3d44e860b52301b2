"""Whole runs: presets, predict, what baselines reach, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest

from rnnbench.cli.presets import preset_names
from rnnbench.data import GraphFiles, LibraryGraphs, Planetoid
from rnnbench.errors import UserError
from rnnbench.tasks.graphs.predict import read_graphs

PRESETS = [name for name in preset_names() if name.startswith("graphs/")]
TINY = "--data.source.train 24 --data.source.validation 12 --data.source.test 12 --trainer.max_epochs 1"
CITATIONS = ("graphs/cora", "graphs/citeseer")


def metrics(name):
    return {
        key: value["value"]
        for key, value in json.loads(Path(f"runs/graphs/{name}/result.json").read_text())["metrics"]["test"].items()
    }


def people(**files):
    """A graph of twenty people in two groups, in tables."""
    rows = [f"p{i},{'ab'[i % 2]},{('train', 'train', 'validation', 'test')[i // 2 % 4]},{i % 2}" for i in range(20)]
    edges = [f"p{i},p{(i + 2) % 20}" for i in range(20)]
    texts = {"nodes": "\n".join(["id,label,split,height", *rows]), "edges": "\n".join(["source,target", *edges])}
    Path("people").mkdir(exist_ok=True)
    for name, text in {**texts, **files}.items():
        Path(f"people/{name}.csv").write_text(text + "\n")


MODEL = "rnnbench.tasks.graphs."
FOLDER = f"--data {MODEL}GraphData --data.source rnnbench.data.GraphFiles --data.source.path people"


def fit_people(rnnbench, model="FeatureModel", options="", debug=True):
    return rnnbench(f"fit --model {MODEL}{model} {FOLDER} --trainer.max_epochs 1 --name a {options}", debug=debug)


def test_a_graph_of_tables_is_learned_and_predicted(rnnbench):
    people()
    fit_people(rnnbench, "PropagationModel")
    rnnbench("test --run runs/graphs/a")
    assert metrics("a")["accuracy"] == 1.0, "neighbours have one label"
    answers = rnnbench("predict --run runs/graphs/a people").out.splitlines()
    assert [line.split("\t")[:3] for line in answers[:2]] == [["people", "p0", "a"], ["people", "p1", "b"]]
    assert len(answers) == 20
    Path("other.jsonl").write_text('{"x": [[1], [0], [0]], "edges": [[0, 1], [1, 2]], "ask": [[2]]}\n\n')
    (answer,) = map(json.loads, rnnbench("predict --run runs/graphs/a other.jsonl --format json").out.splitlines())
    assert (answer["nodes"], answer["probabilities"]) == (["2"], {"a": 0.5, "b": 0.5}), (
        "of another graph nothing is known"
    )


GRAPH = {"x": [[1], [0], [0]], "edges": [[0, 1], [1, 2]], "ask": [[0, 2], [0, 1]]}
SPEC = {"kind": "pair", "classes": ["no", "yes"], "features": 1, "names": None, "kinds": ["edge"], "negative": False}


def test_a_line_of_json_is_a_graph():
    lines = json.dumps({**GRAPH, "weights": [0.5, 2]}) + "\n\n" + json.dumps({**GRAPH, "ask": [[1, 2]]})
    first, second = read_graphs("g.jsonl", lines.encode(), SPEC, directed=False)
    assert (first.where, second.where) == ("g.jsonl, line 1", "g.jsonl, line 3")
    assert first.asked.graph.edges.tolist() == [[0, 1], [1, 2], [1, 0], [2, 1]]
    assert first.asked.graph.weights.tolist() == [0.5, 2, 0.5, 2]
    assert [one.asked.questions.about.tolist() for one in (first, second)] == [[[0, 2], [0, 1]], [[1, 2]]]
    directed = {**SPEC, "kinds": ["edge", "edge, backwards"]}
    (third,) = read_graphs("g.jsonl", json.dumps(GRAPH).encode(), directed, directed=True)
    assert third.asked.graph.kinds.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (None, "no JSON"),
        ({"x": None}, "has to be a list of lists of finite numbers"),
        ({"colour": 1}, "an object with x and edges"),
        ({"edges": [[0, 0.5]]}, "has to be a list of lists of whole numbers"),
        ({"edges": [[0, 3]]}, "an edge leads to node 3, and there are 3 nodes"),
        ({"edges": [[1, 1]]}, "a graph with no edge"),
        ({"edges": [[0, 1, 2]]}, "edges are pairs of nodes"),
        ({"weights": [1]}, "2 edges have 1 weights"),
        ({"weights": [1, -1]}, "a weight below 0"),
        ({"kinds": ["red", "edge"]}, "there is no kind of edge 'red'"),
        ({"kinds": 5}, "kinds has to be a list of names"),
        ({"kinds": None}, "kinds has to be a list of names"),
        ({"ask": [[0]]}, "a question names 2 nodes"),
        ({"ask": [[0, 9]]}, "about a node that is not there"),
        ({"x": [[1, 2]] * 3}, "nodes have 2 features, and in training they had 1"),
    ],
)
def test_a_line_that_is_no_graph_is_told(changed, problem):
    line = "{" if changed is None else json.dumps({**GRAPH, **changed})
    with pytest.raises(UserError, match=problem) as caught:
        read_graphs("bad.jsonl", f"{json.dumps(GRAPH)}\n{line}\n".encode(), SPEC, directed=False)
    assert str(caught.value.where).startswith("bad.jsonl, line 2")


def test_a_file_of_empty_lines_holds_no_graph():
    with pytest.raises(UserError, match="there is no graph in it"):
        read_graphs("empty.jsonl", b"\n \n", SPEC, directed=False)


def test_bad_input_is_told(rnnbench):
    people(edges="source,target\np0,p99")
    found = fit_people(rnnbench, debug=False)
    assert (found.status, "people/edges.csv, line 2" in found.err) == (2, True), found.err
    assert "Traceback" not in found.err
    assert not Path("runs/graphs/a").exists()


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: GraphFiles("nowhere").read(), "there is no nodes.csv and no nodes.tsv"),
        (lambda: GraphFiles("people", columns={"lable": "team"}), "did you mean: label"),
        (lambda: GraphFiles("people", splits=(0.5, 0.6, 0.2)), "three positive shares"),
        (lambda: Planetoid(__file__).read(), "no file of NumPy arrays"),
        (lambda: LibraryGraphs("Planetoid/Cora"), "a pickle can run any program"),
        (lambda: LibraryGraphs("TUDatasets/MUTAG"), "did you mean: TUDataset"),
        (lambda: LibraryGraphs("WebKB"), "its form is WebKB/NAME"),
    ],
)
def test_bad_options_are_told(make, problem):
    with pytest.raises(UserError, match=problem):
        make()


@pytest.mark.slow
def test_negative_weights_are_refused_in_a_run(rnnbench):
    pytest.importorskip("torch_geometric")
    edges = "\n".join(["source,target,weight", *(f"p{i},p{(i + 2) % 20},{-1 if i else 1}" for i in range(20))])
    people(edges=edges)
    found = fit_people(rnnbench, "ConvolutionModel", debug=False)
    assert (found.status, "an edge has a weight below 0" in found.err) == (2, True), found.err


@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in PRESETS if not name.startswith(CITATIONS)])
def test_every_preset_trains_and_is_tested(preset, rnnbench):
    if "gcn" in preset:
        pytest.importorskip("torch_geometric")
    size = "" if "blocks" in preset else TINY
    rnnbench(f"fit --config {preset} --config smoke --name smoke {size}")
    rnnbench("test --run runs/graphs/smoke")
    assert Path("runs/graphs/smoke/edges.png").is_file()


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in PRESETS if name.startswith(CITATIONS)])
def test_every_preset_of_citations_trains_and_is_tested(preset, real_data, rnnbench):
    pytest.importorskip("torch_geometric")
    graph = preset.partition("/")[2].partition("_")[0]
    inner = "graphs." if "gae" in preset or "links" in preset else ""
    path = f"--data.source.{inner}path {real_data}/planetoid/{graph}.npz"
    rnnbench(f"fit --config {preset} --config smoke --name smoke {path}")
    rnnbench("test --run runs/graphs/smoke")
    assert Path("runs/graphs/smoke/laplacian.png").is_file()


@pytest.mark.slow
def test_a_data_set_of_the_library_by_name(rnnbench):
    pytest.importorskip("torch_geometric")
    found = LibraryGraphs("KarateClub", splits=(0.5, 0.2, 0.3)).read()
    graph = found.splits["train"][0].graph
    assert (graph.x.shape, len(graph.edges), len(found.classes)) == ((34, 34), 156, 4)
    assert [len(split[0].questions.y) for split in found.splits.values()] == [17, 6, 11]
    nodes = np.concatenate([split[0].questions.about[:, 0] for split in found.splits.values()])
    assert sorted(nodes) == list(range(34))


@pytest.mark.slow
def test_paths_are_learned_with_enough_rounds_and_not_with_fewer(rnnbench):
    options = "--data.source.train 400 --data.source.length 2 --trainer.max_epochs 6 --seed_everything 1"
    for rounds in (1, 2):
        rnnbench(f"fit --config graphs/builtin {options} --model.rounds {rounds} --name r{rounds}")
        rnnbench(f"test --run runs/graphs/r{rounds}")
    assert metrics("r1")["accuracy"] == 0.5
    assert metrics("r2")["accuracy"] > 0.95
