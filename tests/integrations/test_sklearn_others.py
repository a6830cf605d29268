"""Estimators of their own kinds of data: nodes of a graph, tables of what users met."""

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from automl.core.errors import AutomlError, UsageError
from automl.integrations.sklearn import AutoMLNodeClassifier, AutoMLRecommender

sys.path.append(str(Path(__file__).parents[1] / "trainers"))
from embeddings_worlds import CLICKS, clicks, feedback, ratings
from gnn_worlds import communities

NODES = {"trials": 2, "settings": {"epochs": 10, "final_epochs": 15}, "random_state": 0}
TABLES = {
    "settings": {"max_dim": 8, "blocks": 2, "search_epochs": 2, "epochs": 8, "final_epochs": 8, "batch_size": 128},
    "budget": "1/2",
    "random_state": 0,
}


@pytest.fixture(scope="module")
def graph():
    torch, pyg = pytest.importorskip("torch"), pytest.importorskip("torch_geometric.data")
    world = communities()
    parts = np.random.default_rng(0).permutation(90) % 3
    masks = {f"{name}_mask": torch.tensor(parts == place) for place, name in enumerate(("train", "val", "test"))}
    tensors = {name: torch.tensor(value) for name, value in world.items()}
    return pyg.Data(**{**tensors, "y": 10 * tensors["y"] + 7}, **masks)


@pytest.fixture(scope="module")
def nodes(graph):
    return AutoMLNodeClassifier(**NODES).fit(graph)


def test_nodes_get_their_labels(nodes, graph):
    assert nodes.classes_.tolist() == [7, 17, 27]
    assert nodes.predict(graph).shape == (90,)
    assert nodes.predict_proba(graph, graph.test_mask).sum(axis=1) == pytest.approx(1.0)
    assert nodes.score(graph) > 0.9
    wanted = (nodes.predict(graph, graph.test_mask) == graph.y[graph.test_mask].numpy()).mean()
    assert nodes.score(graph) == nodes.score(graph, mask=graph.test_mask) == wanted


def test_labels_of_no_mask_are_not_read(nodes, graph):
    hidden = graph.clone()
    hidden.test_mask = None
    hidden.y[graph.test_mask] = -1
    again = clone(nodes).fit(hidden)
    assert (again.classes_ == nodes.classes_).all()
    assert (again.predict(graph) == nodes.predict(graph)).all()


@pytest.mark.parametrize("way", ["pickle", "folder"])
def test_a_node_classifier_is_kept(nodes, graph, tmp_path, way):
    again = (
        pickle.loads(pickle.dumps(nodes))
        if way == "pickle"
        else AutoMLNodeClassifier.load(nodes.save(tmp_path / "nodes"))
    )
    assert (again.predict_proba(graph) == nodes.predict_proba(graph)).all()


def test_clicks_are_predicted_as_probabilities(tmp_path):
    frame = clicks()
    model = AutoMLRecommender(**TABLES, schema=CLICKS).fit(frame)
    assert model.task_ == "ctr"
    assert model.score(frame, "clicked") > 0.7
    assert 0 < model.predict(frame).min() < model.predict(frame).max() < 1
    again = AutoMLRecommender.load(model.save(tmp_path / "model"))
    assert (again.predict(frame) == model.predict(frame)).all()


def test_ratings_are_predicted_within_a_budget():
    import pandas

    frame = pandas.DataFrame(ratings())
    model = AutoMLRecommender(**TABLES, schema={"user": "user", "item": "item"}).fit(frame, "rating")
    assert model.task_ == "rating"
    assert model.score(frame) > 0.3
    kept = model.summary_["budgets"]["1/2"]["metrics"]["bytes"]
    assert kept <= 74 * 8 * 4 / 2
    with pytest.raises(AutomlError, match="1/2"):
        clone(model).set_params(trials=1).fit(frame, "rating")


def test_items_that_a_user_has_met_are_not_recommended_again():
    frame = feedback()
    settings = {**TABLES["settings"], "k": 5}
    model = AutoMLRecommender(**{**TABLES, "settings": settings}, task="topk").fit(frame)
    users = [frame["user"][0], frame["user"][-1], "nobody"]
    lists = model.recommend(users, k=5)
    assert [len(line) for line in lists] == [5, 5, 5]
    met = {(str(u), str(i)) for u, i in zip(frame["user"], frame["item"], strict=True)}
    assert not any((str(user), item) in met for user, line in zip(users[:2], lists, strict=False) for item in line)
    again = pickle.loads(pickle.dumps(model))
    assert again.recommend(users, k=5) == lists
    with pytest.raises(UsageError, match="no labels"):
        model.score(frame)
