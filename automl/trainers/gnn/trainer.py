"""Trainer `gnn`: how well a graph neural network predicts the nodes, the graphs or the links of the user's data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from automl.core.records import Json, Metrics, Outcome, Weights
from automl.core.trainer import Report, Trainer
from automl.search_spaces.gnn.bank import SCORE, bank_arrays
from automl.search_spaces.gnn.candidate import Norm
from automl.search_spaces.gnn.size import shapes
from automl.trainers.gnn.data.named import places
from automl.trainers.gnn.data.read import Reading, read
from automl.trainers.gnn.data.split import Splitting
from automl.trainers.gnn.memory import available, refuse_candidate, refuse_too_large
from automl.trainers.gnn.recipe import Device, Recipe
from automl.trainers.gnn.remarks import remarks
from automl.trainers.gnn.repeats import SEEDS_APART, later, merged, runs_in, spread
from automl.trainers.gnn.tasks import TARGETS, Predict, task_of
from automl.trainers.gnn.tasks.level import Decoder, Loading

if TYPE_CHECKING:
    from torch import nn

    from automl.search_spaces.gnn.candidate import Gnn
    from automl.trainers.gnn.fit import Best
    from automl.trainers.gnn.network import Network
    from automl.trainers.gnn.placed import Placed


class GnnTrainer(Trainer):
    """Trains candidates of the spaces `gnn` and `gnn-wide` on graphs.

    It needs torch only. PyTorch Geometric's data objects are taken as they are; it is needed itself for data sets that
    it reads (extra `gnn`).

    Labels say what is predicted: classes, several labels at once, or numbers; of nodes where there is one for each, of
    graphs where there are several graphs with one each. Links are predicted where `predict` says so.

    An evaluation of effort e runs up to `max(1, round(e * epochs))` epochs. The outcome is that of the epoch with the
    best validation metric, of equals the one with the better second metric; so is that of a full training.
    Labels of test units are read by `test` and by nothing else.

    On a CPU the same seed gives the same outcome, in any process; on a GPU up to rounding.

    Settings:
        predict: "classes", "labels", "numbers" or "links"; "auto" goes by the labels.
        decoder: of links: the inner product of two nodes' vectors ("dot") or an MLP on their elementwise product.
        epochs: training of effort 1.
        final_epochs: training of `finish`.
        repeats: seeds of `finish`, whose mean and standard deviation are reported.
        lr: learning rate of Adam, where the candidate has none of its own; so with the next two.
        weight_decay: L2 on all parameters; None takes 5e-4 for nodes, else 0.
        dropout: of the inputs of layers, and of trained attention; None takes 0.6 for nodes, else 0.2.
        norm: of hidden layers: "layer", "batch" or "none". Without one most random networks do not learn at all; the
            statistics of a batch norm, taken under dropout, cost a point or more.
        activation_on_logits: whether the last layer has its activation, too, as published.
        normalize_features: rows of features are divided by their sums; None does so on one graph without negative ones.
        patience: epochs without a better one after which a training ends; by default it does not.
        batch_size: graphs of one step, or nodes where neighbours are sampled; None takes 64 graphs, 512 nodes.
        sample_above: nodes of one graph above which neighbours are sampled for its nodes, instead of all at once.
        fanout: most neighbours a node hears then, of the last layer first; further layers have the last number.
        memory_gb: memory that a training may take; None takes what is free when the data are read.
        device: "auto" (a GPU if there is one), "cpu", "gpu".
        threads: CPU threads of torch; None leaves torch's own. With one the result does not depend on where it ran.
        mask: which column of the graph's masks, where they have several.
        validation_share, test_share: of all nodes, graphs or links, where the data bring no masks.
        train_per_class: train on so many units of each class then, instead of all that are left.
        data_seed: seed of this division; unlike the seed of a search it stays the same.

    Profile `paper`: layers without norms and with an activation on logits.
    """

    accepts = ("gnn", "gnn-wide")
    metrics = {
        **{f"val_{name}": way for target in TARGETS.values() for name, way in target.metrics.items()},
        "train_loss": "min",
        "params": "min",
    }
    default_budget = {"trials": 8}
    starts = ("scratch",)  # as published; kept weights would count as the best epoch of every seed
    profiles = {
        "paper": {  # Zhou et al. 2022, section 4, after Veličković et al. 2018
            "epochs": 200,
            "final_epochs": 200,
            "lr": 0.005,
            "weight_decay": 5e-4,
            "dropout": 0.6,
            "norm": "none",
            "activation_on_logits": True,
            "normalize_features": True,
        }
    }

    # fmt: off
    def __init__(
        self, data: Any = None, *,
        predict: Predict = "auto", decoder: Decoder = "dot",
        epochs: int = 100, final_epochs: int = 200, repeats: int = 3,
        lr: float = 0.005, weight_decay: float | None = None, dropout: float | None = None,
        norm: Norm = "layer", activation_on_logits: bool = False, normalize_features: bool | None = None,
        patience: int | None = None, batch_size: int | None = None, sample_above: int = 100_000,
        fanout: tuple[int, ...] = (15, 10), memory_gb: float | None = None,
        device: Device = "auto", threads: int | None = 1,
        mask: int = 0, validation_share: float = 0.2, test_share: float = 0.2, train_per_class: int | None = None,
        data_seed: int = 0,
    ) -> None:
        # fmt: on
        splitting = Splitting(validation_share, test_share, train_per_class, data_seed)
        self.reading = Reading(predict, splitting, mask)
        self.graph = read(data, self.reading)
        self.task = task_of(self.graph)
        usual = self.task.level.usual
        normalize = self.task.level.normalizes(self.graph) if normalize_features is None else normalize_features
        self.recipe = Recipe(
            epochs, final_epochs, repeats, lr,
            usual.weight_decay if weight_decay is None else weight_decay,
            usual.dropout if dropout is None else dropout,
            norm, activation_on_logits, normalize, patience, decoder, device, threads,
        )  # fmt: skip
        self.loading = Loading(usual.batch_size if batch_size is None else batch_size, sample_above, tuple(fanout))
        self.memory = available() if memory_gb is None else int(1e9 * memory_gb)
        refuse_too_large(self.graph.where, self.task.level.at_once(self.graph, self.loading), self.memory)
        measured = {f"val_{name}": way for name, way in self.task.target.metrics.items()}
        self.metrics = {**measured, "train_loss": "min", "params": "min"}
        self._placed: Placed | None = None
        self._hash = ""

    def __getstate__(self) -> dict[str, Any]:
        """Travel as arrays and settings; tensors are made again where they are needed."""
        return {**self.__dict__, "_placed": None}

    def facts(self) -> dict[str, Json]:
        """Return what the data say that a space must know, and what `load` needs besides weights."""
        graph, recipe = self.graph, self.recipe
        return {
            "features": graph.x.shape[1],
            "outputs": graph.outputs,
            "task": graph.task,
            "predict": graph.predict,
            "final_activation": recipe.activation_on_logits,
            "norm": recipe.norm,
            "normalize_features": recipe.normalize_features,
            "decoder": recipe.decoder,
            "deviation": list(graph.deviation),
            "mean": list(graph.mean),
            "graphs": len(graph.sizes),
            "nodes": graph.nodes,
            "edges": int(graph.edge_index.shape[1]),
            **{f"{part}_{graph.task}s": count for part, count in self._counts().items()},
            "class_names": list(graph.names),
            **({"steps": [0]} if self.task.level.samples(graph, self.loading) else {}),
        }

    def _counts(self) -> dict[str, int]:
        graph = self.graph
        parts = {"train": graph.train, "validation": graph.validation, "test": graph.test}
        return {name: int(mask.sum()) for name, mask in parts.items()}

    @classmethod
    def looks_in(cls) -> Sequence[Path]:
        return places()

    def fingerprint(self) -> str:
        """Return a hash of the graph, its labels and parts, and all settings. No seed depends on it."""
        if not self._hash:
            settings = (asdict(self.recipe), asdict(self.loading), asdict(self.reading), self.graph.predict)
            digest = hashlib.sha256(repr(settings).encode())
            for array in self.graph.arrays():
                digest.update(repr((array.shape, str(array.dtype))).encode())
                digest.update(np.ascontiguousarray(array).data)
            self._hash = f"gnn:{digest.hexdigest()[:16]}"
        return self._hash

    def train(self, candidate: Gnn, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Train and measure; the weights say what they were worth, and hand on the bank they came with."""
        from automl.trainers.gnn.network import weights_of

        epochs = max(1, round(effort * self.recipe.epochs))
        network, best, inherited = self._fit(candidate, epochs, weights, seed, report)
        kept = {**weights_of(network), **bank_arrays(weights or {}), SCORE: np.array(self._merit(best))}
        extras: dict[str, Json] = {"epoch": best.epoch, "inherited_layers": inherited}
        return Outcome({**best.metrics, "params": _params(network)}, kept, extras)

    def _merit(self, best: Best) -> float:
        """Return what a training was worth; more is better."""
        name, direction = next(iter(self.task.target.metrics.items()))
        return best.found[name] if direction == "max" else -best.found[name]

    def finish(self, candidate: Gnn, *, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Train for `final_epochs` with several seeds; the metrics are means, and standard deviations beside them.

        Kept weights count as epoch 0. The network that is best on the validation part is the one handed over;
        those of the other seeds stay beside it for `test`.
        """
        from automl.trainers.gnn.network import weights_of

        epochs = self.recipe.final_epochs
        runs: list[tuple[Best, Network]] = []
        for repeat in range(self.recipe.repeats):
            start = seed + repeat * SEEDS_APART
            network, best, _ = self._fit(candidate, epochs, weights, start, later(report, repeat * epochs))
            runs.append((best, network))
        runs.sort(key=lambda run: (-self._merit(run[0]), run[0].found["loss"]))
        name = next(iter(self.task.target.metrics))
        metrics = {**spread([best.metrics for best, _ in runs], f"val_{name}"), "params": _params(runs[0][1])}
        metrics[f"model_val_{name}"] = runs[0][0].found[name]
        return Outcome(
            metrics, merged([weights_of(network) for _, network in runs]), {"epochs": [best.epoch for best, _ in runs]}
        )

    def _fit(
        self, candidate: Gnn, epochs: int, weights: Weights | None, seed: int, report: Report
    ) -> tuple[Network, Best, int]:
        """Train once; return the network at its best epoch, that epoch, and how many layers were inherited."""
        from automl.trainers._torch import reproducible
        from automl.trainers.gnn.design import Design
        from automl.trainers.gnn.fit import Course, fit
        from automl.trainers.gnn.network import load_known

        placed, recipe = self._tensors(), self.recipe
        widths = shapes(candidate, self.graph.x.shape[1], self.graph.task)
        refuse_candidate(self.task.level.at_once(self.graph, self.loading), widths, self.memory)
        with reproducible(seed, placed.device, recipe.threads):
            network = Design.of(self.facts(), recipe.dropout).network(candidate).to(placed.device)
            missing = load_known(network, weights or {})
            course = Course(
                epochs,
                recipe.lr if candidate.lr is None else candidate.lr,
                recipe.weight_decay if candidate.weight_decay is None else candidate.weight_decay,
                recipe.patience,
                complete=not missing,
            )
            best = fit(network, placed, self.task.target, course, report)
        inherited = sum(f"layer{place}.project" not in missing for place in range(len(candidate.layers)))
        return network, best, inherited

    def _tensors(self) -> Placed:
        from automl.trainers._torch import choose_device
        from automl.trainers.gnn.placed import put

        if self._placed is None:
            device = choose_device(self.recipe.device)
            normalize = self.recipe.normalize_features
            self._placed = put(self.graph, self.task, self.loading, device, normalize=normalize)
        return self._placed

    def test(self, candidate: Gnn, weights: Weights) -> Metrics:
        """Measure the networks of all seeds on the test part; nothing else reads its labels."""
        from automl.trainers._torch import reproducible
        from automl.trainers.gnn.design import Design
        from automl.trainers.gnn.fit import named, score
        from automl.trainers.gnn.placed import put_test

        if not self.graph.test.any():
            return {}
        placed, design, target = self._tensors(), Design.of(self.facts()), self.task.target
        with reproducible(0, placed.device, self.recipe.threads):
            part = put_test(self.graph, self.task, self.loading, placed.ground)
            networks = [design.restored(candidate, run).to(placed.device) for run in runs_in(weights)]
            found = [named("test", score(network, part, target)) for network in networks]
        name = next(iter(target.metrics))
        return {**spread(found, f"test_{name}"), f"model_test_{name}": found[0][f"test_{name}"]}

    @classmethod
    def load(cls, candidate: Gnn, weights: Weights, facts: Mapping[str, Any]) -> nn.Module:
        """Return a finished model as an `nn.Module` in eval mode: forward(x, edge_index, batch=None) gives outputs.

        x is (nodes, features) as in the training data, dense; edge_index (2, edges) leads from and to; batch is the
        graph of each node, where graphs are predicted. Of networks on links `score(x, edge_index, pairs)` gives logits.
        """
        from automl.trainers.gnn.exported import exported

        return exported(candidate, weights, facts)

    @classmethod
    def example(cls, facts: Mapping[str, Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Return three nodes (3, features) without features, and edges each way between neighbours (2, 4)."""
        return np.zeros((3, int(facts["features"])), np.float32), np.array([[0, 1, 1, 2], [1, 0, 2, 1]])

    @classmethod
    def files(cls, model: Any) -> Mapping[str, str]:
        """Return the source of the model, which loads the weights beside it without this package."""
        from automl.trainers.gnn.exported import FILE

        return {FILE: model.source}

    def remarks(self, candidate: Gnn, metrics: Metrics) -> Sequence[str]:
        """Return what selection noise is, over what the numbers are means, and the epoch rule."""
        return remarks(metrics, self.graph, self.recipe)


def _params(network: nn.Module) -> float:
    return float(sum(parameter.numel() for parameter in network.parameters()))
