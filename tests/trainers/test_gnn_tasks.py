"""Every task learns what it should, measures what it says, and keeps its parts apart."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from gnn_worlds import communities, proteins, rings

from automl.core.errors import InvalidData, UsageError
from automl.search_spaces.gnn import Gnn, Layer
from automl.trainers.gnn import GnnTrainer
from automl.trainers.gnn.data.read import Reading, read
from automl.trainers.gnn.heads import POOLS, Decode
from automl.trainers.gnn.tasks import task_of
from automl.trainers.gnn.tasks.links import unlinked

HIDDEN = Layer(8, 1, "gcn", "sum", "identity", "relu")


def network(trainer, **changes):
    """Two layers with the ends that the data ask for."""
    graph = trainer.graph
    last = replace(HIDDEN, width=graph.outputs) if graph.task == "node" else HIDDEN
    return Gnn((HIDDEN, last), pooling="mean" if graph.task == "graph" else None, **changes)


def trained(data, epochs=30, **settings):
    trainer = GnnTrainer(data, epochs=epochs, final_epochs=epochs, repeats=1, lr=0.03, dropout=0.0, **settings)
    outcome = trainer.finish(network(trainer), weights=None, seed=0, report=lambda step, metrics: None)
    return trainer, outcome, trainer.test(network(trainer), outcome.weights)


STEPS = 1000 + 5.5 * (np.arange(90) % 3)
WORLDS = {
    "nodes": (communities, {}, {"accuracy": (">", 0.9)}),
    "numbers of nodes": (
        lambda: communities(y=1000 + 5.5 * (np.arange(90) % 3)),
        {},
        {"mae": ("<", 2), "rmse": ("<", 3)},
    ),
    "labels of nodes": (lambda: proteins(12), {}, {"f1_micro": (">", 0.8)}),
    "graphs": (rings, {}, {"accuracy": (">", 0.9)}),
    "numbers of graphs": (lambda: rings(label="number"), {}, {"mae": ("<", 0.5), "rmse": ("<", 0.7)}),
    "links": (communities, {"predict": "links"}, {"auc": (">", 0.75), "ap": (">", 0.7)}),
    "links by an MLP": (communities, {"predict": "links", "decoder": "mlp"}, {"auc": (">", 0.75)}),
}


@pytest.mark.parametrize("world", WORLDS)
def test_every_task_learns_and_says_what_it_measures(world):
    make, settings, bars = WORLDS[world]
    trainer, outcome, tested = trained(make(), **settings)
    names = set(task_of(trainer.graph).target.metrics)
    assert set(trainer.metrics) == {*(f"val_{name}" for name in names), "train_loss", "params"}
    assert set(trainer.metrics) <= set(outcome.metrics)
    assert next(iter(trainer.metrics)) == f"val_{next(iter(bars))}", "the objective"
    for name, (way, bar) in bars.items():
        assert tested[f"test_{name}"] > bar if way == ">" else tested[f"test_{name}"] < bar
    assert GnnTrainer.metrics.items() >= trainer.metrics.items()


def test_outputs_of_numbers_are_in_the_units_of_the_labels():
    trainer, outcome, _ = trained(rings(label="number"), epochs=5)
    model = trainer.load(network(trainer), outcome.weights, trainer.facts())
    graph = rings(label="number")[0]
    found = model(torch.from_numpy(graph["x"]), torch.from_numpy(graph["edge_index"]))
    assert 95 < found.item() < 110
    y = trainer.graph.y[trainer.graph.train]
    np.testing.assert_allclose(trainer.graph.mean, y.mean(axis=0), rtol=1e-5)


def test_graphs_of_different_parts_never_meet():
    trainer = GnnTrainer(proteins(10), batch_size=2)
    graph, placed = trainer.graph, trainer._tensors()
    member = np.repeat(np.arange(10), graph.sizes)
    parts = [set(member[mask]) for mask in (graph.train, graph.validation, graph.test)]
    assert [len(part) for part in parts] == [6, 2, 2]
    assert not parts[0] & parts[1]
    assert not (parts[0] | parts[1]) & parts[2]
    seen = list(placed.train.batches(2))
    assert sum(batch.x.shape[0] for batch in seen) == int(graph.train.sum()), "training sees training graphs alone"
    assert len(seen) == 3
    torch.testing.assert_close(
        torch.cat([batch.y for batch in seen]).sum(dim=0), torch.from_numpy(graph.y[graph.train].sum(axis=0))
    )


def test_batches_of_graphs_are_the_graphs_side_by_side():
    data = rings(8)
    ground = GnnTrainer(data)._tensors().ground
    x, wiring, member, _ = ground.graphs(torch.tensor([5, 2]))
    sizes = [len(data[place]["x"]) for place in (5, 2)]
    assert torch.bincount(member).tolist() == sizes
    np.testing.assert_array_equal(x, np.concatenate([data[5]["x"], data[2]["x"]]))
    edges = {(int(a), int(b)) for a, b in zip(wiring.edges.cols, wiring.edges.rows, strict=True)}
    expected = {
        (a + shift, b + shift) for place, shift in ((5, 0), (2, sizes[0])) for a, b in data[place]["edge_index"].T
    }
    assert edges - {(node, node) for node in range(sum(sizes))} == {(a, b) for a, b in expected if a != b}


def test_graphs_may_be_divided_by_whoever_gives_them():
    data = proteins(6)
    found = read({"train": data[:3], "val": data[3:4], "test": data[4:]}, Reading())
    sizes = [len(graph["x"]) for graph in data]
    assert [int(mask.sum()) for mask in (found.train, found.validation, found.test)] == [
        sum(sizes[:3]),
        sizes[3],
        sum(sizes[4:]),
    ]
    with pytest.raises(InvalidData, match="a part 'valid'"):
        read({"train": data[:3], "valid": data[3:]}, Reading())


def test_links_to_find_are_no_edges_to_hear_along():
    trainer = GnnTrainer(communities(), predict="links")
    graph = trainer.graph
    hidden = {tuple(pair) for pair in graph.pairs[:, graph.validation | graph.test].T.tolist()}
    assert not hidden & {tuple(sorted(edge)) for edge in graph.edge_index.T.tolist()}
    linked = {tuple(pair) for pair in graph.pairs[:, graph.y == 1].T.tolist()}
    others = {tuple(pair) for pair in graph.pairs[:, graph.y == 0].T.tolist()}
    assert linked == {tuple(sorted(edge)) for edge in communities()["edge_index"].T.tolist() if edge[0] != edge[1]}
    assert not linked & others
    for mask in (graph.validation, graph.test):
        assert graph.y[mask].mean() == 0.5
    torch.manual_seed(0)
    (first,), (second,) = (list(trainer._tensors().train.batches(2)) for _ in range(2))
    drawn = [{tuple(sorted(pair)) for pair in batch.asked[:, batch.y == 0].T.tolist()} for batch in (first, second)]
    assert drawn[0] != drawn[1]
    train = {tuple(pair) for pair in graph.pairs[:, graph.train].T.tolist()}
    assert not train & drawn[0]


def test_pairs_that_are_not_linked_are_all_there_are_if_they_are_few():
    linked = np.array([[0, 0, 1, 2], [1, 2, 2, 3]])
    assert sorted(map(tuple, unlinked(linked, 4, 9, 0).T.tolist())) == [(0, 3), (1, 3)]


@pytest.mark.parametrize("pooling", POOLS)
def test_pooling_is_by_graph(pooling):
    h, member = torch.randn(7, 3), torch.tensor([0, 0, 1, 1, 1, 3, 3])
    expected = {"sum": lambda g: g.sum(dim=0), "mean": lambda g: g.mean(dim=0), "max": lambda g: g.amax(dim=0)}[pooling]
    found = POOLS[pooling](h, member, 4)
    for graph in (0, 1, 3):
        torch.testing.assert_close(found[graph], expected(h[member == graph]))
    assert (found[2] == 0).all(), "a graph without nodes"


@pytest.mark.parametrize("decoder", ["dot", "mlp"])
def test_a_pair_is_linked_either_way_round(decoder):
    h, pairs = torch.randn(5, 4), torch.tensor([[0, 1, 2], [3, 4, 1]])
    decode = Decode(decoder, 4)
    torch.testing.assert_close(decode(h, pairs, 3), decode(h, pairs.flip(0), 3))
    if decoder == "dot":
        torch.testing.assert_close(decode(h, pairs, 3), (h[pairs[0]] * h[pairs[1]]).sum(dim=1))


@pytest.mark.parametrize(
    ("y", "predict"),
    [
        (np.arange(90) % 4, "classes"),
        ((np.arange(90) % 4).astype(float), "classes"),
        (np.linspace(0, 1, 90), "numbers"),
        (np.arange(90) * 1000.0, "classes"),
        (np.arange(180).reshape(90, 2) % 2, "labels"),
        (np.arange(180).reshape(90, 2), "numbers"),
    ],
)
def test_what_is_predicted_goes_by_the_labels(y, predict):
    assert read(communities(y=y), Reading()).predict == predict


def test_nodes_without_a_label_are_in_no_part():
    y = (np.arange(90) % 3).astype(float)
    y[:30] = np.nan
    found = read(communities(y=y), Reading())
    assert not (found.train | found.validation | found.test)[:30].any()
    assert (found.train | found.validation | found.test)[30:].all()


@pytest.mark.parametrize(
    ("data", "settings", "said"),
    [
        (communities(y=None), {}, "has no y"),
        (communities(y=np.linspace(0, 1, 90)), {"predict": "classes"}, "predict=numbers"),
        (communities(y=np.arange(180).reshape(90, 2)), {"predict": "labels"}, "zeros and ones"),
        (communities(y=np.ones((90, 2))), {}, "nothing to predict"),
        (communities(y=np.full(90, 0.5)), {"predict": "numbers"}, "the same"),
        ([], {}, "no graph"),
        ([*rings(3), {"x": np.ones((2, 5)), "edge_index": np.zeros((2, 0), int), "y": np.array([1])}], {}, "features"),
        ([{**rings(1)[0], "y": np.zeros(4)}, *rings(3)], {}, "graphs have different|4 labels|labels"),
        (rings(1), {}, "give a list of graphs with one each"),
        (rings(10), {"predict": "links"}, "10 graphs; links"),
        (communities(edge_index=np.array([[0, 1], [1, 2]])), {"predict": "links"}, "too few to divide"),
        ([*rings(3), {**rings(1)[0], "edge_index": np.array([[0], [99]])}], {}, "graph 3 .* node 99"),
    ],
)
def test_what_cannot_be_predicted_is_refused(data, settings, said):
    with pytest.raises(InvalidData, match=said):
        GnnTrainer(data, **settings)


@pytest.mark.parametrize("settings", [{"batch_size": 0}, {"fanout": ()}, {"sample_above": -1}, {"decoder": "bilinear"}])
def test_settings_without_sense_are_refused(settings):
    with pytest.raises(UsageError, match=next(iter(settings))):
        GnnTrainer(communities(), **settings)
