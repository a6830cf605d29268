"""The trainer on real papers: it learns, repeats itself, shares, stops, finishes, and never sees a test label."""

import json
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from automl.core.choices import at_random, run
from automl.core.errors import Stop, UsageError, WeightsError
from automl.core.trainer import Finishing, Remarking
from automl.registry import settings_of
from automl.search_spaces.gnn import Gnn, GnnSpace, Layer
from automl.trainers.gnn import GnnTrainer
from automl.trainers.gnn.fit import Best
from automl.trainers.gnn.remarks import standard_error
from automl.trainers.gnn.tasks.classes import Classes
from automl.trainers.gnn.tasks.target import better

GCN = Gnn((Layer(16, 1, "gcn", "sum", "identity", "relu"), Layer(7, 1, "gcn", "sum", "identity", "linear")))
GAT = Gnn((Layer(8, 8, "gat", "sum", "identity", "elu"), Layer(7, 1, "gat", "sum", "identity", "linear")))


@pytest.fixture(scope="module")
def trainer():
    return GnnTrainer(epochs=30, final_epochs=15, repeats=3, lr=0.02)


@pytest.fixture(scope="module")
def trained(trainer):
    return train(trainer)


@pytest.fixture(scope="module")
def finished(trainer):
    return trainer.finish(GCN, weights=None, seed=3, report=quiet)


def quiet(step, metrics):
    pass


def train(trainer, candidate=GCN, *, effort=1.0, weights=None, seed=0, report=quiet):
    return trainer.train(candidate, effort=effort, weights=weights, seed=seed, report=report)


def equal(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_it_learns_what_papers_are_about(trainer, trained):
    assert trained.metrics["val_accuracy"] > 0.75
    assert set(trained.metrics) == set(trainer.metrics)
    assert trained.metrics["params"] == GnnSpace().limits.size(GCN) == 1433 * 16 + 16 + 2 * 16 + 16 * 7 + 7


def test_gat_learns_without_a_norm():
    found = train(GnnTrainer(epochs=25, norm="none", lr=0.02), GAT)
    assert found.metrics["val_accuracy"] > 0.76


def test_effort_is_epochs_and_reports_are_few(trainer):
    seen = []
    train(trainer, effort=2.0, report=lambda step, metrics: seen.append((step, metrics)))
    steps = [step for step, _ in seen]
    assert steps == list(range(3, 61, 3))
    assert set(seen[-1][1]) == {"val_accuracy", "val_loss", "train_loss"}


def test_the_same_seed_gives_the_same_outcome_and_another_seed_another(trainer):
    first, again, other = (train(trainer, GAT, effort=0.2, seed=seed) for seed in (5, 5, 6))
    assert first.metrics == again.metrics
    assert equal(first.weights, again.weights)
    assert not equal(first.weights, other.weights)
    copied = pickle.loads(pickle.dumps(trainer))
    assert train(copied, GAT, effort=0.2, seed=5).metrics == first.metrics


def test_it_leaves_torch_as_it_was(trainer):
    torch.manual_seed(1)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    train(trainer, effort=0.1)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_stop_passes_through(trainer):
    def stop(step, metrics):
        raise Stop

    with pytest.raises(Stop):
        train(trainer, report=stop)


def test_the_best_epoch_is_the_most_accurate_and_then_the_one_of_least_loss():
    found = [(0.5, 1.0), (0.7, 0.9), (0.7, 0.8), (0.7, 0.8), (0.6, 0.1), (float("nan"), float("nan"))]
    best, network = Best(Classes()), torch.nn.Linear(1, 1)
    for epoch, (accuracy, loss) in enumerate(found):
        with torch.no_grad():
            network.bias.fill_(epoch)
        best.see(network, epoch, {"accuracy": accuracy, "loss": loss}, 0.0)
    assert best.epoch == 2
    best.restore(network)
    assert network.bias.item() == 2
    assert not better(Classes(), {"accuracy": 0.7, "loss": 0.8}, {"accuracy": 0.7, "loss": 0.8})


def test_it_returns_the_network_of_its_best_epoch(trainer):
    seen = {}
    found = train(trainer, GAT, effort=0.5, report=lambda step, metrics: seen.update({step: metrics}))
    assert found.metrics["val_accuracy"] == max(m["val_accuracy"] for m in seen.values())
    again = train(trainer, GAT, effort=1e-6, weights=found.weights)  # epoch 0 is where it starts
    assert again.metrics["val_accuracy"] >= found.metrics["val_accuracy"]
    assert found.weights["score"] == found.metrics["val_accuracy"]


def test_patience_ends_a_training_early():
    seen = []
    impatient = GnnTrainer(epochs=200, patience=5, lr=0.05)
    found = train(impatient, report=lambda step, metrics: seen.append(step))
    assert seen[-1] == found.extras["epoch"] + 5 < 200


def test_a_candidate_may_bring_its_own_recipe(trainer):
    plain = train(trainer, effort=0.2)
    assert train(trainer, replace(GCN, lr=0.02, weight_decay=5e-4, dropout=0.6), effort=0.2).metrics == plain.metrics
    for own in ({"lr": 0.01}, {"weight_decay": 0.01}, {"dropout": 0.2}):
        assert train(trainer, replace(GCN, **own), effort=0.2).metrics != plain.metrics


def test_shared_layers_are_where_training_starts_and_the_bank_is_handed_on(trainer, trained):
    space = GnnSpace(**{k: v for k, v in trainer.facts().items() if k in settings_of(GnnSpace)})
    child = replace(GCN, layers=(GCN.layers[0], replace(GCN.layers[1], heads=2)))
    handed = space.inherit(child, GCN, trained.weights)
    shared, scratch = (train(trainer, child, effort=0.2, weights=given) for given in (handed, None))
    assert (shared.extras["inherited_layers"], scratch.extras["inherited_layers"]) == (1, 0)
    assert shared.metrics["val_loss"] < scratch.metrics["val_loss"]
    bank = {name for name in shared.weights if name.startswith("bank/")}
    assert bank == {name for name in handed if name.startswith("bank/")}
    assert bank
    assert not [name for name in scratch.weights if name.startswith("bank/")], "off unless a controller shares"
    back = space.inherit(GCN, child, shared.weights)
    np.testing.assert_array_equal(back["layer1.project"], trained.weights["layer1.project"])


def relabelled():
    """Cora with its test labels permuted, and Cora."""
    graph = GnnTrainer().graph
    x = np.zeros(graph.x.shape, np.float32)
    x[graph.x.nodes(), graph.x.indices] = graph.x.values
    y, test = graph.y.copy(), graph.test.nonzero()[0]
    y[test] = y[np.random.default_rng(0).permutation(test)]
    assert (y != graph.y).sum() > 500
    masks = {"train_mask": graph.train, "val_mask": graph.validation, "test_mask": graph.test}
    return [{"x": x, "edge_index": graph.edge_index, "y": labels, **masks} for labels in (graph.y, y)]


def test_test_labels_change_nothing_but_test_metrics(trained):
    true, false = (GnnTrainer(data, epochs=30, final_epochs=10, repeats=2, lr=0.02) for data in relabelled())
    assert true.facts() == false.facts()
    found = [train(trainer) for trainer in (true, false)]
    assert found[0].metrics == found[1].metrics == trained.metrics
    assert equal(found[0].weights, found[1].weights)
    ends = [trainer.finish(GCN, weights=None, seed=1, report=quiet) for trainer in (true, false)]
    assert ends[0].metrics == ends[1].metrics
    assert equal(ends[0].weights, ends[1].weights)
    tested = [trainer.test(GCN, ends[0].weights)["test_accuracy"] for trainer in (true, false)]
    assert tested[0] > 0.65
    assert tested[1] < 0.35
    labels = true._tensors().train.y, true._tensors().validation.y
    assert sum(map(len, labels)) == 640, "training has the labels of training and validation nodes only"


def test_full_training_reports_means_and_deviations_over_seeds(trainer, finished):
    epochs = []
    single = [GnnTrainer(final_epochs=15, repeats=1, lr=0.02).finish(GCN, weights=None, seed=3, report=quiet)]
    assert finished.metrics["val_accuracy_sd"] > 0
    assert single[0].metrics["val_accuracy_sd"] == 0
    assert finished.metrics["model_val_accuracy"] >= max(
        finished.metrics["val_accuracy"], single[0].metrics["val_accuracy"]
    )
    trainer.finish(GCN, weights=None, seed=3, report=lambda step, metrics: epochs.append(step))
    assert epochs == sorted(epochs)
    assert epochs[-1] == 45
    tested = trainer.test(GCN, finished.weights)
    assert set(tested) == {"test_accuracy", "test_accuracy_sd", "test_loss", "model_test_accuracy"}
    assert tested["test_accuracy"] == pytest.approx(0.75, abs=0.08)
    assert tested["test_accuracy_sd"] > 0


def test_full_training_from_kept_weights_is_never_worse(trainer, trained):
    found = trainer.finish(GCN, weights=trained.weights, seed=3, report=quiet)
    assert found.metrics["val_accuracy"] >= trained.metrics["val_accuracy"]
    assert not [name for name in found.weights if name.startswith("bank/") or name == "score"]


def test_a_finished_model_takes_a_graph_as_it_is(trainer, finished):
    assert isinstance(trainer, Finishing)
    facts = json.loads(json.dumps(trainer.facts()))
    model = GnnTrainer.load(GCN, finished.weights, facts)
    graph = relabelled()[0]
    x, edges = torch.from_numpy(graph["x"]), torch.from_numpy(graph["edge_index"])
    logits = model(x, edges)
    assert logits.shape == (2708, 7)
    right = (logits.argmax(dim=1).numpy() == graph["y"])[graph["val_mask"]].mean()
    assert right == pytest.approx(finished.metrics["model_val_accuracy"])
    example = [torch.from_numpy(part) for part in GnnTrainer.example(facts)]
    assert model(*example).shape == (3, 7)
    with pytest.raises(WeightsError, match=r"lack 'layer1\.attend"):
        GnnTrainer.load(replace(GCN, layers=(GCN.layers[0], GAT.layers[1])), finished.weights, facts)


def test_random_networks_train_and_load(trainer):
    space = GnnSpace(max_width=32)
    for seed in range(4):
        candidate, _ = run(space.build, at_random(np.random.default_rng(seed)))
        found = train(trainer, candidate, effort=0.05)
        assert found.metrics["params"] == space.limits.size(candidate)
        GnnTrainer.load(candidate, found.weights, trainer.facts())


def test_remarks_say_how_much_is_noise(trainer, finished):
    assert isinstance(trainer, Remarking)
    assert 100 * standard_error(0.8, 500) == pytest.approx(1.79, abs=0.01)
    said = " ".join(trainer.remarks(GCN, finished.metrics))
    assert "500 validation nodes" in said
    assert "3 seeds" in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"epochs": 0}, "epochs"),
        ({"repeats": 0}, "repeats"),
        ({"lr": 0.0}, "lr"),
        ({"dropout": 1.0}, "dropout"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"patience": 0}, "patience"),
        ({"threads": 0}, "threads"),
        ({"mask": -1}, "mask"),
        ({"validation_share": 0.5, "test_share": 0.5}, "leave nodes"),
        ({"train_per_class": 0}, "train_per_class"),
    ],
)
def test_it_refuses_settings_without_sense(settings, said):
    with pytest.raises(UsageError, match=said):
        GnnTrainer(**settings)


def test_the_paper_profile_is_the_literal_recipe():
    settings = {**GnnTrainer.profiles["paper"], "epochs": 2}
    literal = GnnTrainer(**settings)
    assert literal.facts()["final_activation"] is True
    assert not [name for name in train(literal).weights if name.startswith("norm")]


def test_nothing_heavy_is_loaded_before_something_is_trained():
    program = (
        "import sys; from automl.trainers.gnn import GnnTrainer; GnnTrainer().fingerprint();"
        "print(*(n for n in ('torch', 'torch_geometric', 'pytorch_lightning', 'scipy') if n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
