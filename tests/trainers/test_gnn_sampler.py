"""Sampled neighbours are real ones, no more than asked for; all of them are the whole graph; and it learns so."""

import numpy as np
import pytest
import torch
from gnn_worlds import communities
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.core.errors import InvalidData
from automl.search_spaces.gnn import Gnn, Layer
from automl.trainers.gnn import GnnTrainer
from automl.trainers.gnn.batch import Batch
from automl.trainers.gnn.design import Design
from automl.trainers.gnn.fit import outputs
from automl.trainers.gnn.ground import rows
from automl.trainers.gnn.memory import AtOnce, available, needed, refuse_candidate
from automl.trainers.gnn.sampler import Sampler
from automl.trainers.gnn.sources import fanouts
from automl.trainers.gnn.wiring import Wiring


def quiet(step, metrics):
    pass


def drawn(edges, nodes, seeds, most, seed=0):
    """Sample, and return the edges by their numbers in the whole graph."""
    every, wiring = Sampler(Wiring(edges, nodes)).around(seeds, most, torch.Generator().manual_seed(seed))
    pairs = zip(every[wiring.edges.cols].tolist(), every[wiring.edges.rows].tolist(), strict=True)
    return every.tolist(), wiring, [(a, b) for a, b in pairs if a != b]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 3))
def test_neighbours_are_real_and_no_more_than_asked_for(seed, most, steps):
    draw = torch.Generator().manual_seed(seed)
    edges = torch.randint(20, (2, 60), generator=draw)
    seeds = torch.randperm(20, generator=draw)[:3]
    every, _, found = drawn(edges, 20, seeds, [most] * steps, seed)
    assert every[:3] == seeds.tolist()
    assert len(set(every)) == len(every)
    real = {(a, b) for a, b in edges.T.tolist() if a != b}
    assert set(found) <= real
    heard = np.bincount([b for _, b in found], minlength=20)
    degree = np.bincount([b for _, b in real], minlength=20)
    assert (heard <= most).all()
    np.testing.assert_array_equal(heard[seeds], np.minimum(degree, most)[seeds])


def test_draws_are_even_and_differ():
    star = torch.stack([torch.arange(1, 11), torch.zeros(10, dtype=torch.int64)])
    counts = np.zeros(11)
    sampler, generator = Sampler(Wiring(star, 11)), torch.Generator().manual_seed(0)
    for _ in range(400):
        every, _ = sampler.around(torch.tensor([0]), [3], generator)
        counts[every.numpy()] += 1
    assert counts[0] == 400
    assert counts[1:].sum() == 1200
    assert np.abs(counts[1:] - 120).max() < 5 * np.sqrt(400 * 0.3 * 0.7)


@pytest.mark.parametrize("attention", ["gcn", "gat", "sym-gat", "gene-linear"])
@pytest.mark.parametrize("skip", ["none", "residual", "jumping"])
def test_all_neighbours_give_what_the_whole_graph_gives(attention, skip):
    trainer = GnnTrainer(communities())
    layers = tuple(Layer(4, 2, attention, kind, "identity", "elu") for kind in ("mean", "sum", "max"))
    candidate = Gnn((*layers[:2], Layer(3, 2, attention, "max", "identity", "linear")), skip=skip)
    weights = trainer.train(candidate, effort=0.02, weights=None, seed=0, report=quiet).weights
    network, ground = Design.of(trainer.facts()).restored(candidate, weights), trainer._tensors().ground
    seeds = torch.tensor([5, 80, 33])
    nodes, wiring = ground.sampler.around(seeds, [100] * 3)
    found = outputs(network, Batch(rows(ground.x, nodes), wiring, torch.arange(3), seeds))
    expected = outputs(network, Batch(ground.x, ground.wiring, seeds, seeds))
    torch.testing.assert_close(found, expected)


def test_above_a_number_of_nodes_neighbours_are_sampled_and_it_learns():
    layers = (Layer(8, 1, "gcn", "sum", "identity", "relu"), Layer(3, 1, "gcn", "sum", "identity", "linear"))
    trainer = GnnTrainer(communities(), sample_above=50, batch_size=16, fanout=(4, 2), epochs=10, lr=0.03, dropout=0.0)
    batches = list(trainer._tensors().train.batches(2))
    assert [len(batch.y) for batch in batches] == [16, 16, 16, 6]
    assert max(batch.x.shape[0] for batch in batches) <= 90
    first, again = (trainer.train(Gnn(layers), effort=1.0, weights=None, seed=0, report=quiet) for _ in range(2))
    assert first.metrics["val_accuracy"] > 0.8
    assert first.metrics == again.metrics


def test_further_layers_have_the_last_fanout():
    assert fanouts((15, 10), 4) == [15, 10, 10, 10]
    assert fanouts((15, 10), 1) == [15]


def test_what_would_not_fit_is_refused_with_what_to_type():
    with pytest.raises(InvalidData, match=r"communities|the graph") as error:
        GnnTrainer(communities(), memory_gb=1e-4)
    assert "--set sample_above=45" in str(error.value)
    assert "--set memory_gb=" in str(error.value)
    GnnTrainer(communities(), memory_gb=1e-2)
    assert available() > 1e7


def test_a_network_that_would_not_fit_fails_before_it_is_made():
    trainer = GnnTrainer(communities(), memory_gb=0.01)
    wide = Gnn((Layer(256, 16, "gat", "sum", "identity", "relu"), Layer(3, 1, "gcn", "sum", "identity", "linear")))
    with pytest.raises(MemoryError, match="sample_above"):
        trainer.train(wide, effort=1.0, weights=None, seed=0, report=quiet)
    refuse_candidate(AtOnce(10, 10, ""), [], 0)
    assert needed(AtOnce(2, 2, ""), []) == 0


def test_nothing_is_propagated_where_neighbours_are_sampled():
    sampled, whole = GnnTrainer(communities(), sample_above=50), GnnTrainer(communities())
    assert sampled.facts()["steps"] == [0]
    assert "steps" not in whole.facts()
