"""Finished networks stand alone: their generated source computes what was trained, without this package."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from gnn_worlds import communities, proteins, rings
from safetensors.numpy import save_file

from automl.core.choices import at_random, run
from automl.core.errors import WeightsError
from automl.core.trainer import Exporting
from automl.registry import settings_of
from automl.search_spaces.gnn import Gnn, GnnSpace, Layer, WideGnnSpace
from automl.trainers.gnn import GnnTrainer
from automl.trainers.gnn.batch import Batch
from automl.trainers.gnn.design import Design
from automl.trainers.gnn.fit import outputs

WORLDS = {
    "nodes": (communities(), {}),
    "numbers of nodes": (communities(y=np.linspace(3, 5, 90)), {"activation_on_logits": True}),
    "graphs": (rings(30), {}),
    "numbers of graphs": (rings(30, label="number"), {"norm": "none"}),
    "labels": (proteins(), {"norm": "batch"}),
    "links": (communities(), {"predict": "links", "decoder": "mlp"}),
}


def quiet(step, metrics):
    pass


def finished(world, seed, space_class=WideGnnSpace):
    """A random network of a space, trained for a moment."""
    data, settings = WORLDS[world]
    trainer = GnnTrainer(data, epochs=2, **settings)
    known = settings_of(space_class)
    space = space_class(max_width=16, **{k: v for k, v in trainer.facts().items() if k in known})
    candidate, _ = run(space.build, at_random(np.random.default_rng(seed)))
    outcome = trainer.train(candidate, effort=1.0, weights=None, seed=seed, report=quiet)
    return trainer, candidate, outcome.weights


def asked(trainer, layers):
    """All nodes of one graph, or the validation part of several graphs or of links."""
    placed = trainer._tensors()
    if trainer.graph.task == "node" and len(trainer.graph.sizes) == 1:
        every = torch.arange(trainer.graph.nodes)
        return Batch(placed.ground.x, placed.ground.wiring, every, every)
    (batch,) = placed.validation.batches(layers)
    return batch


def answers(trainer, model, batch):
    """What a model says to what a batch asks."""
    edges = torch.stack([batch.wiring.edges.cols, batch.wiring.edges.rows])
    if trainer.graph.task == "graph":
        return model(batch.x, edges, batch.asked)
    if trainer.graph.task == "link":
        return model.score(batch.x, edges, batch.asked)
    return model(batch.x, edges)[batch.asked]


@pytest.mark.parametrize("world", WORLDS)
def test_generated_source_computes_what_was_trained(world):
    for seed in range(5):
        trainer, candidate, weights = finished(world, seed)
        facts = json.loads(json.dumps({**trainer.facts(), "normalize_features": False}))  # batches are normalised
        network = Design.of(facts).restored(candidate, weights)
        model = trainer.load(candidate, weights, facts)
        batch = asked(trainer, network.depth)
        with torch.no_grad():
            torch.testing.assert_close(answers(trainer, model, batch), outputs(network, batch), rtol=1e-4, atol=1e-4)


READER = """
import sys
sys.modules["automl"] = None  # not importable
sys.path.insert(0, sys.argv[1])
import numpy as np, torch
from model import load
model = load(sys.argv[1] + "/weights.safetensors")
x, edges = (torch.from_numpy(np.load(f"{sys.argv[1]}/{name}.npy")) for name in ("x", "edges"))
np.save(sys.argv[1] + "/found.npy", model(x, edges).detach().numpy())
assert not [name for name in sys.modules if name.startswith(("automl.", "torch_geometric"))]
"""


@pytest.mark.parametrize("world", ["nodes", "numbers of graphs"])
def test_it_loads_where_this_package_is_not_importable(world, tmp_path):
    trainer, candidate, weights = finished(world, 1)
    model = trainer.load(candidate, weights, trainer.facts())
    for name, text in GnnTrainer.files(model).items():
        (tmp_path / name).write_text(text)
    save_file({name: np.ascontiguousarray(array) for name, array in weights.items()}, tmp_path / "weights.safetensors")
    rng = np.random.default_rng(0)
    x = rng.random((9, trainer.facts()["features"]), dtype=np.float32)
    edges = rng.integers(9, size=(2, 20))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "edges.npy", edges)
    done = subprocess.run([sys.executable, "-c", READER, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = model(torch.from_numpy(x), torch.from_numpy(edges)).numpy()
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), expected, rtol=0, atol=1e-6)


def test_source_has_the_parts_that_are_used_and_no_others():
    layers = (Layer(4, 2, "gcn", "sum", "identity", "relu"), Layer(3, 1, "gcn", "max", "identity", "linear"))
    trainer = GnnTrainer(communities(), epochs=1)
    weights = trainer.train(Gnn(layers), effort=1.0, weights=None, seed=0, report=quiet).weights
    assert isinstance(trainer, Exporting)
    (text,) = GnnTrainer.files(trainer.load(Gnn(layers), weights, trainer.facts())).values()
    assert "def gcn(" in text
    assert "def largest(" in text
    for other in ("def gat(", "def softmax(", "def average(", "class Pool", "class Decode", "class Scale", "automl"):
        assert other not in text
    assert "self.layer0 = MessagePassing(3, 2, 4, gcn, 0, add_up)" in text


@pytest.mark.parametrize("world", ["nodes", "graphs", "links"])
def test_source_of_a_network_that_predicts_and_then_propagates(world):
    data, settings = WORLDS[world]
    trainer = GnnTrainer(data, epochs=2, **settings)
    outputs_of = trainer.facts()["outputs"] if world == "nodes" else 4
    layers = (Layer(4, 2, "own", "max", "mlp", "relu"), Layer(outputs_of, 1, "own", "mean", "identity", "linear"))
    pooling = "mean" if world == "graphs" else None
    candidate = Gnn(layers, pooling, norm="batch", steps=3, teleport=0.2)
    weights = trainer.train(candidate, effort=1.0, weights=None, seed=0, report=quiet).weights
    facts = {**trainer.facts(), "normalize_features": False}
    network, model = Design.of(facts).restored(candidate, weights), trainer.load(candidate, weights, facts)
    for part in ("def own(", "def propagated(", "def gcn(", "BatchNorm1d(8)"):
        assert part in model.source
    assert "def average(" not in model.source
    assert "def largest(" not in model.source
    batch = asked(trainer, network.depth)
    with torch.no_grad():
        torch.testing.assert_close(answers(trainer, model, batch), outputs(network, batch), rtol=1e-4, atol=1e-4)


def test_untidy_edges_count_once_in_generated_source_too():
    trainer, candidate, weights = finished("nodes", 2)
    model = trainer.load(candidate, weights, trainer.facts())
    x, edges = torch.rand(9, 3), torch.randint(9, (2, 20))
    untidy = torch.cat([edges, edges, torch.tensor([[2], [2]])], dim=1)
    torch.testing.assert_close(model(x, untidy), model(x, edges), rtol=0, atol=1e-6)


def test_weights_of_another_network_are_refused():
    trainer, candidate, weights = finished("graphs", 0, GnnSpace)
    with pytest.raises(WeightsError, match=r"lack 'readout\.linear"):
        trainer.load(candidate, {n: a for n, a in weights.items() if not n.startswith("readout")}, trainer.facts())
