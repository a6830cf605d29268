"""Graphs from files: tables of nodes and edges, raw files of the TU collection; what is said where they are wrong."""

import json
import shutil
import zipfile

import numpy as np
import polars as pl
import pytest
from gnn_worlds import proteins, rings, write_tu

from automl.core.errors import InvalidData, UnknownName
from automl.trainers.gnn.data import named
from automl.trainers.gnn.data.read import Reading, read

PAPERS = {
    "id": ["a", "b", "c", "d", "e", "f"],
    "year": [1999, 2000, 2001, 2002, 2003, 2004],
    "venue": ["x", "y", "x", "x", "y", "y"],
    "label": ["fish", "bird", "fish", "bird", "fish", None],
}
CITED = {"source": ["a", "b", "c", "e"], "target": ["b", "c", "d", "f"]}


def write(folder, nodes=PAPERS, edges=CITED, toml=None):
    folder.mkdir(exist_ok=True)
    pl.DataFrame(nodes).write_csv(folder / "nodes.csv")
    pl.DataFrame(edges).write_parquet(folder / "edges.parquet")
    if toml is not None:
        (folder / "graph.toml").write_text(toml)
        return folder / "graph.toml"
    return folder


def test_a_folder_of_tables_is_a_graph(tmp_path):
    found = read(str(write(tmp_path)), Reading())
    assert (found.nodes, found.x.shape[1], found.outputs) == (6, 3, 2)
    assert found.names == ("bird", "fish")
    np.testing.assert_array_equal(found.x.dense[:2], [[1999, 1, 0], [2000, 0, 1]])
    np.testing.assert_array_equal(found.edge_index, [[0, 1, 2, 4, 1, 2, 3, 5], [1, 2, 3, 5, 0, 1, 2, 4]])
    np.testing.assert_array_equal(found.y[:5], [1, 0, 1, 0, 1])
    assert not (found.train | found.validation | found.test)[5], "it has no label"


def test_a_toml_file_says_what_cannot_be_guessed(tmp_path):
    nodes = {"paper": [10, 20, 30, 40], "size": [1.0, 2, 3, 4], "mass": [0.1, 0.2, 0.3, 0.5],
        "fold": ["train", "train", "Val", "test"]}  # fmt: skip
    edges = {"citing": [10, 20], "cited": [30, 40]}
    text = 'id="paper"\nlabel="mass"\nsource="citing"\ntarget="cited"\npart="fold"\ndirected=true\n'
    found = read(write(tmp_path, nodes, edges, text), Reading())
    assert found.predict == "numbers"
    np.testing.assert_array_equal(found.edge_index, [[0, 1], [2, 3]])
    assert [mask.nonzero()[0].tolist() for mask in (found.train, found.validation, found.test)] == [[0, 1], [2], [3]]
    assert found.x.shape == (4, 1)


def test_several_label_columns_are_labels(tmp_path):
    nodes = {"f": [1, 2, 3, 4, 5], "one": [0, 1, 1, 0, 1], "two": [1, 1, 0, 0, 1]}
    found = read(write(tmp_path, nodes, {"u": [0, 1], "v": [1, 2]}, 'label = ["one", "two"]\n'), Reading())
    assert (found.predict, found.outputs) == ("labels", 2)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"edges": {"source": ["a"], "target": ["z"]}}, "row 0 has target = z, which is not in the column 'id'"),
        ({"edges": {"one": ["a"], "other": ["b"]}}, 'columns one, other, .* source = "COLUMN"'),
        ({"nodes": {**PAPERS, "id": ["a", "b", "c", "d", "e", "a"]}}, "same 'id': a"),
        ({"nodes": {"id": PAPERS["id"], "label": PAPERS["label"]}}, "no features"),
        ({"nodes": {**PAPERS, "year": [1.0, None, 3, 4, 5, 6]}}, "NaN .* node 1, column 0"),
        ({"nodes": {"label": [0, 1] * 30, "text": [str(i) + "t" for i in range(60)]}}, "60 different texts"),
        ({"toml": 'lable = "label"\n'}, "Did you mean 'label'"),
        ({"toml": 'label = "labels"\n'}, "Did you mean 'label'"),
        ({"toml": 'nodes = "papers.csv"\n'}, "there is no papers.csv"),
        ({"toml": "label = 3\n"}, "'label' in .* is 3"),
        ({"toml": "label ="}, "no TOML file"),
        ({"nodes": {**PAPERS, "part": ["a"] * 6}}, "names no training nodes; it has a"),
    ],
)
def test_what_is_wrong_with_tables_is_said(tmp_path, changed, said):
    with pytest.raises((InvalidData, UnknownName), match=said):
        read(write(tmp_path, **changed), Reading())


def test_half_a_folder_names_the_other_half(tmp_path):
    write(tmp_path)
    (tmp_path / "edges.parquet").unlink()
    with pytest.raises(InvalidData, match=r"no table of edges: there is no edges\.csv, edges\.tsv or edges\.parquet"):
        read(tmp_path, Reading())
    (tmp_path / "nodes.csv").unlink()
    with pytest.raises(InvalidData, match=r"nodes\.csv and edges\.csv"):
        read(tmp_path, Reading())


@pytest.mark.parametrize("way", ["folder", "raw", "zip", "name"])
def test_raw_files_of_the_collection_are_read_wherever_they_lie(tmp_path, monkeypatch, way):
    pytest.importorskip("torch_geometric")
    graphs = rings(12)
    folder = tmp_path / "MUTAG" / "raw" if way in ("raw", "name") else tmp_path / "MUTAG"
    write_tu(folder, graphs, "MUTAG")
    given = str(tmp_path / "MUTAG")
    if way == "zip":
        with zipfile.ZipFile(tmp_path / "MUTAG.zip", "w") as archive:
            for path in folder.iterdir():
                archive.write(path, f"MUTAG/{path.name}")
        shutil.rmtree(folder)
        given += ".zip"
    if way == "name":
        monkeypatch.setenv(named.VARIABLE, str(tmp_path))
        given = "mutag"
    found = read(given, Reading())
    assert (found.task, found.predict, found.where) == ("graph", "classes", "MUTAG")
    assert found.sizes.tolist() == [len(graph["x"]) for graph in graphs]
    np.testing.assert_array_equal(found.y, [place % 2 for place in range(12)])
    np.testing.assert_allclose(found.x.dense, np.concatenate([graph["x"] for graph in graphs]))
    start = 0
    for graph in graphs:
        inside = found.edge_index[:, (found.edge_index[0] >= start) & (found.edge_index[0] < start + len(graph["x"]))]
        assert {tuple(e) for e in (inside - start).T.tolist()} == {
            (a, b) for a, b in graph["edge_index"].T.tolist() if a != b
        }
        start += len(graph["x"])


def test_protein_interactions_are_several_graphs_in_given_parts(tmp_path, monkeypatch):
    pytest.importorskip("torch_geometric")
    nx = pytest.importorskip("networkx")
    monkeypatch.setenv(named.VARIABLE, str(tmp_path))
    folder = tmp_path / "PPI" / "raw"
    folder.mkdir(parents=True)
    with pytest.raises(InvalidData, match=r"Put train_feats\.npy, .*test_labels\.npy into .*PPI.raw"):
        read("ppi", Reading())
    for part, graphs in (("train", proteins(3)), ("valid", proteins(1, seed=1)), ("test", proteins(2, seed=2))):
        sizes = [len(graph["x"]) for graph in graphs]
        starts = np.cumsum([0, *sizes[:-1]])
        edges = np.concatenate([g["edge_index"] + s for g, s in zip(graphs, starts, strict=True)], axis=1)
        links = [{"source": int(a), "target": int(b)} for a, b in edges.T]
        nodes = [{"id": node} for node in range(sum(sizes))]
        body = {"directed": True, "multigraph": False, "graph": {}, "nodes": nodes, "links": links}
        assert nx.node_link_graph(body, edges="links").number_of_nodes() == sum(sizes)
        (folder / f"{part}_graph.json").write_text(json.dumps(body))
        np.save(folder / f"{part}_feats.npy", np.concatenate([graph["x"] for graph in graphs]))
        np.save(folder / f"{part}_labels.npy", np.concatenate([graph["y"] for graph in graphs]))
        np.save(folder / f"{part}_graph_id.npy", np.repeat(range(len(graphs)), sizes) + 1)
    found = read("ppi", Reading())
    assert (found.task, found.predict, found.outputs, len(found.sizes)) == ("node", "labels", 3, 6)
    ends = np.cumsum(found.sizes)
    assert found.train.nonzero()[0].tolist() == list(range(ends[2]))
    assert found.validation.nonzero()[0].tolist() == list(range(ends[2], ends[3]))
    np.testing.assert_array_equal(found.y[: found.sizes[0]], proteins(3)[0]["y"])
    assert sorted(path.name for path in (tmp_path / "PPI").iterdir()) == ["raw"], "nothing is written beside the data"


def test_raw_files_that_are_missing_are_named_with_their_folder(tmp_path, monkeypatch):
    write_tu(tmp_path / "RINGS", rings(4))
    for end in ("graph_labels", "node_attributes"):
        (tmp_path / "RINGS" / f"RINGS_{end}.txt").unlink()
    wanted = (
        "RINGS lacks RINGS_graph_labels.txt or RINGS_graph_attributes.txt, "
        "RINGS_node_labels.txt or RINGS_node_attributes.txt"
    )
    with pytest.raises(InvalidData, match=wanted):
        read(tmp_path / "RINGS", Reading())
    monkeypatch.setenv(named.VARIABLE, str(tmp_path))
    with pytest.raises(InvalidData, match=r"Put PROTEINS_A\.txt, .* into .*PROTEINS.raw, or PROTEINS\.zip into"):
        read("proteins", Reading())
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    with pytest.raises(InvalidData, match="cannot be unpacked"):
        read(tmp_path / "bad.zip", Reading())
