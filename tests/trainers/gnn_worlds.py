"""Small graphs whose answers are known, one world for each task."""

import numpy as np


def ring(nodes, rng, *, chords=0):
    """A ring with chords, both ways."""
    around = np.stack([np.arange(nodes), (np.arange(nodes) + 1) % nodes])
    edges = np.concatenate([around, rng.integers(nodes, size=(2, chords))], axis=1)
    return np.concatenate([edges, edges[::-1]], axis=1)


def communities(nodes=90, groups=3, seed=0, **changed):
    """One graph of groups that are linked within themselves, with noisy features; the class is the group."""
    rng = np.random.default_rng(seed)
    y = np.arange(nodes) % groups
    ends = rng.integers(nodes, size=(2, 8 * nodes))
    inside = ends[:, y[ends[0]] == y[ends[1]]]
    x = np.eye(groups, dtype=np.float32)[y] + rng.random((nodes, groups), dtype=np.float32)
    return {"x": x, "edge_index": np.concatenate([inside, inside[::-1]], axis=1), "y": y, **changed}


def rings(count=60, seed=0, label="class"):
    """Graphs of rings, some with many chords: whether they have, or how many neighbours a node has in the mean."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(count):
        nodes, chords = int(rng.integers(6, 12)), 10 * (place % 2)
        edges = ring(nodes, rng, chords=chords)
        degree = np.bincount(edges[1], minlength=nodes).astype(np.float32)
        x = np.stack([degree, np.ones(nodes, np.float32)], axis=1)
        y = {"class": np.array([place % 2]), "number": np.array([100 + degree.mean()], np.float32)}[label]
        made.append({"x": x, "edge_index": edges, "y": y})
    return made


def proteins(count=6, seed=0, labels=3):
    """Graphs whose nodes have several labels each: which features a node or its neighbour has."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        nodes = int(rng.integers(20, 30))
        x = (rng.random((nodes, labels)) < 0.3).astype(np.float32)
        edges = ring(nodes, rng)
        heard = np.zeros_like(x)
        np.maximum.at(heard, edges[1], x[edges[0]])
        made.append({"x": x, "edge_index": edges, "y": np.maximum(x, heard).astype(np.int64)})
    return made


def write_tu(folder, graphs, name="RINGS"):
    """Write graphs as raw files of the TU collection."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = np.cumsum([0, *(len(graph["x"]) for graph in graphs)])
    edges = [graph["edge_index"].T + start + 1 for graph, start in zip(graphs, starts, strict=False)]
    files = {
        "A": [f"{a}, {b}" for a, b in np.concatenate(edges)],
        "graph_indicator": [place + 1 for place, graph in enumerate(graphs) for _ in graph["x"]],
        "graph_labels": [2 * int(graph["y"][0]) - 1 for graph in graphs],
        "node_attributes": [", ".join(map(str, row)) for graph in graphs for row in graph["x"]],
    }
    for end, lines in files.items():
        (folder / f"{name}_{end}.txt").write_text("\n".join(map(str, lines)) + "\n")
