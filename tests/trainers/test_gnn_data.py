"""Graphs from where users have them, and what is said about bad ones."""

import numpy as np
import pytest

from automl.core.errors import InvalidData, MissingExtra, UnknownName
from automl.trainers.gnn import GnnTrainer
from automl.trainers.gnn.data import named
from automl.trainers.gnn.data.read import Reading, read
from automl.trainers.gnn.data.split import Splitting
from automl.trainers.gnn.graph import rows_of

NODES = 30
SPLITTING = Splitting(0.2, 0.2, None, 0)


def graph(**changed):
    rng = np.random.default_rng(0)
    made = {
        "x": rng.random((NODES, 5), dtype=np.float32),
        "edge_index": rng.integers(NODES, size=(2, 60)),
        "y": np.arange(NODES) % 3,
    }
    return {**made, **changed}


def masks(train=range(10), val=range(10, 20), test=range(20, 30)):
    made = {"train_mask": train, "val_mask": val, "test_mask": test}
    return {name: np.isin(np.arange(NODES), list(places)) for name, places in made.items()}


def made():
    """What `module:function` names."""
    return graph()


def reading(data, splitting=SPLITTING, mask=0, predict="auto"):
    return read(data, Reading(predict, splitting, mask))


def test_cora_ships_as_pytorch_geometric_reads_it():
    cora = reading(None)
    assert (cora.nodes, cora.x.shape[1], cora.edge_index.shape[1], cora.outputs) == (2708, 1433, 10556, 7)
    assert [int(m.sum()) for m in (cora.train, cora.validation, cora.test)] == [140, 500, 1000]
    assert np.bincount(cora.y[cora.train]).tolist() == [20] * 7
    assert np.bincount(cora.y[cora.test]).tolist() == [130, 91, 144, 319, 149, 103, 64]
    assert len(cora.x.values) == 49216
    assert (cora.edge_index[0] != cora.edge_index[1]).all()
    both = {tuple(edge) for edge in cora.edge_index.T.tolist()}
    assert both == {(b, a) for a, b in both}
    assert reading("cora").where == "cora"


def test_dense_and_sparse_features_are_the_same_rows():
    rng = np.random.default_rng(0)
    x = (rng.random((40, 50)) * (rng.random((40, 50)) < 0.1)).astype(np.float32)
    x[3] = 0
    thin, full = rows_of(x), rows_of(x + 1)
    assert thin.dense is None
    assert full.dense is not None
    again = np.zeros_like(x)
    again[thin.nodes(), thin.indices] = thin.normalized().values
    total = x.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(again, x / np.where(total == 0, 1, total), rtol=1e-5)
    np.testing.assert_allclose(full.normalized().dense.sum(axis=1), 1, rtol=1e-5)


def test_objects_of_pytorch_geometric_are_taken_as_they_are():
    torch = pytest.importorskip("torch")
    data = pytest.importorskip("torch_geometric.data")
    tensors = {name: torch.from_numpy(array) for name, array in {**graph(), **masks()}.items()}
    found = reading(data.Data(**tensors))
    assert (found.nodes, found.outputs) == (NODES, 3)
    np.testing.assert_array_equal(found.test, masks()["test_mask"])
    assert reading([data.Data(**tensors)]).nodes == NODES
    two = reading([data.Data(**tensors)] * 2)
    assert (two.nodes, two.sizes.tolist()) == (2 * NODES, [NODES, NODES])
    np.testing.assert_array_equal(two.edge_index[:, 60:], graph()["edge_index"] + NODES)


def test_a_function_may_name_the_graph():
    assert reading("test_gnn_data:made").nodes == NODES
    with pytest.raises(InvalidData, match="cannot be called"):
        reading("test_gnn_data:nothing")


def test_masks_with_columns_are_chosen_by_number():
    columns = {name: np.stack([mask, np.roll(mask, 1)], axis=1) for name, mask in masks().items()}
    np.testing.assert_array_equal(reading(graph(**columns), mask=1).train, np.roll(masks()["train_mask"], 1))
    with pytest.raises(InvalidData, match="2 columns"):
        reading(graph(**columns), mask=2)


def test_without_masks_nodes_are_divided_by_a_seed():
    first, again, other = (reading(graph(), Splitting(0.2, 0.3, None, seed)) for seed in (0, 0, 1))
    assert [int(m.sum()) for m in (first.train, first.validation, first.test)] == [15, 6, 9]
    assert (first.train ^ first.validation ^ first.test).all()
    np.testing.assert_array_equal(first.train, again.train)
    assert (first.train != other.train).any()
    few = reading(graph(), Splitting(0.2, 0.3, 2, 0))
    assert np.bincount(few.y[few.train]).tolist() == [2, 2, 2]
    assert not (few.train & (few.validation | few.test)).any()


def test_validation_nodes_are_taken_from_training_nodes_where_no_mask_names_them():
    given = masks()
    found = reading(graph(train_mask=given["train_mask"], test_mask=given["test_mask"]))
    assert [int(m.sum()) for m in (found.train, found.validation, found.test)] == [8, 2, 10]
    assert given["train_mask"][found.validation].all()


def test_nodes_in_no_part_need_no_label():
    y = (np.arange(NODES) % 3).astype(float)
    y[25], y[26] = np.nan, -1
    assert reading(graph(y=y, **masks(test=range(20, 25)))).outputs == 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"edge_index": np.array([[0, 1], [1, NODES]])}, "leads from node 1 to node 30; there are nodes 0 to 29"),
        ({"edge_index": np.array([[0, -1], [1, 2]])}, "node -1"),
        ({"edge_index": np.zeros((60, 2), int)}, r"of the shape \(60, 2\)"),
        ({"edge_index": np.zeros((2, 3))}, "float64"),
        ({"x": np.zeros((0, 5)), "y": np.zeros(0, int)}, r"features of the shape \(0, 5\)"),
        ({"x": np.zeros((NODES, 0))}, "unit matrix"),
        ({"x": np.zeros((NODES - 1, 5))}, "29 rows of features and 30 labels"),
        ({"x": np.where(np.arange(5) == 2, np.nan, np.ones((NODES, 1)))}, "node 0, column 2"),
        ({"x": np.full((NODES, 5), "a")}, "Give numbers"),
        ({"y": np.zeros(NODES, int)}, "one class only"),
        ({"y": np.linspace(0, 1, NODES)}, "no classes"),
        ({"y": np.arange(NODES) - 1}, "class -1"),
        ({"y": None}, "has no y"),
        (masks(val=range(5, 15)), "5 nodes .* both training and validation"),
        (masks(test=range(9, 12)), "both training and test"),
        (masks(train=()), "no training nodes"),
        (masks(val=()), "no validation nodes"),
    ],
)
def test_bad_graphs_are_refused_by_name(changed, said):
    with pytest.raises(InvalidData, match=said):
        reading(graph(**changed), predict="classes")


def test_an_object_that_is_no_graph_is_refused():
    with pytest.raises(InvalidData, match="int and no graph"):
        reading(3)


@pytest.mark.parametrize(
    "edges",
    [np.zeros((2, 0), int), np.array([[4, 4, 5, 5], [4, 4, 6, 6]])],
    ids=["none", "self loops and duplicates"],
)
def test_isolated_nodes_self_loops_and_duplicates_are_trained_on(edges):
    from automl.search_spaces.gnn import Gnn, Layer

    trainer = GnnTrainer(graph(edge_index=edges), epochs=2)
    layers = tuple(Layer(w, 2, a, "max", "identity", "elu") for w, a in ((4, "gat"), (3, "gcn")))
    found = trainer.train(Gnn(layers), effort=1.0, weights=None, seed=0, report=lambda step, metrics: None)
    assert all(np.isfinite(value) for value in found.metrics.values())


def test_the_fingerprint_names_everything_it_was_given():
    plain = GnnTrainer(graph())
    others = [
        GnnTrainer(graph(y=(np.arange(NODES) + 1) % 3)),
        GnnTrainer(graph(edge_index=graph()["edge_index"][:, 1:])),
        GnnTrainer(graph(x=graph()["x"] + 1)),
        GnnTrainer(graph(), data_seed=1),
        GnnTrainer(graph(), patience=3),
    ]
    assert GnnTrainer(graph()).fingerprint() == plain.fingerprint()
    assert len({plain.fingerprint(), *(other.fingerprint() for other in others)}) == 6


def test_a_name_nobody_knows_suggests_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'citeseer'"):
        reading("citeser")


def test_raw_files_that_are_not_there_are_named_with_their_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(named.VARIABLE, str(tmp_path))
    folder = named.raw_folder("citeseer", tmp_path)
    folder.mkdir(parents=True)
    (folder / "ind.citeseer.x").touch()
    with pytest.raises(InvalidData) as error:
        reading("citeseer")
    missing = [f"ind.citeseer.{end}" for end in ("tx", "allx", "y", "ty", "ally", "graph", "test.index")]
    assert f"Put {', '.join(missing)} into {folder}" in str(error.value)


def test_pytorch_geometric_is_asked_for_by_its_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(named, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'automl-search\[gnn\]'"):
        named.read_planetoid("pubmed", tmp_path)


def test_data_sets_of_pytorch_geometric_are_taken_in_memory_or_not():
    torch = pytest.importorskip("torch")
    pyg = pytest.importorskip("torch_geometric.data")
    graphs = [
        pyg.Data(x=torch.rand(n, 4), edge_index=torch.randint(n, (2, 9)), y=torch.tensor([n % 2])) for n in range(3, 15)
    ]

    class Lazy(pyg.Dataset):
        def len(self):
            return len(graphs)

        def get(self, idx):
            return graphs[idx]

    class Kept(pyg.InMemoryDataset):
        def __init__(self):
            super().__init__()
            self.data, self.slices = self.collate(graphs)

    expected = reading(graphs)
    assert (expected.task, expected.outputs, expected.sizes.tolist()) == ("graph", 2, list(range(3, 15)))
    for given in (Lazy(), Kept(), pyg.Batch.from_data_list(graphs), tuple(graphs)):
        found = reading(given)
        for one, other in zip(found.arrays(), expected.arrays(), strict=True):
            np.testing.assert_array_equal(one, other)
    many = pyg.HeteroData()
    many["paper"].x = torch.rand(3, 2)
    with pytest.raises(InvalidData, match="to_homogeneous"):
        reading(many)
