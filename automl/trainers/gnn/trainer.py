"""Trainer `gnn`: how well a graph neural network classifies the nodes of the user's graph."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import UsageError
from automl.core.records import Json, Metrics, Outcome, Weights
from automl.core.trainer import Report, Trainer
from automl.search_spaces.gnn.bank import SCORE, bank_arrays
from automl.trainers.gnn.data import Splitting, read
from automl.trainers.gnn.data.named import places
from automl.trainers.gnn.recipe import Device, Recipe
from automl.trainers.gnn.remarks import remarks

if TYPE_CHECKING:
    from torch import nn

    from automl.search_spaces.gnn.candidate import Gnn
    from automl.trainers.gnn.fit import Best
    from automl.trainers.gnn.network import Frame, Network
    from automl.trainers.gnn.placed import Placed

REPEAT = "repeat{}."
"""How the names of the networks of further seeds begin, among the weights of a full training."""
SEEDS_APART = 1_000_003


class GnnTrainer(Trainer):
    """Trains candidates of the spaces `gnn` and `gnn-wide` on one graph, all of it at once.

    It needs torch only. PyTorch Geometric's data objects are taken as they are; it is needed itself for its named data
    sets (extra `gnn`).

    An evaluation of effort e runs up to `max(1, round(e * epochs))` epochs. The outcome is that of the epoch with the
    best validation accuracy, of equals the one with the lower validation loss; so is that of a full training.
    Labels of test nodes are read by `test` and by nothing else.

    On a CPU the same seed gives the same outcome, in any process; on a GPU up to rounding.

    Settings:
        epochs: training of effort 1.
        final_epochs: training of `finish`.
        repeats: seeds of `finish`, whose mean and standard deviation are reported.
        lr: learning rate of Adam, where the candidate has none of its own; so with the next two.
        weight_decay: L2 on all parameters.
        dropout: of the inputs of layers, and of trained attention.
        batch_norm: on hidden layers. Without it most random networks do not learn at all.
        activation_on_logits: whether the last layer has its activation, too, as published.
        normalize_features: rows of features are divided by their sums.
        patience: epochs without a better one after which a training ends; by default it does not.
        device: "auto" (a GPU if there is one), "cpu", "gpu".
        threads: CPU threads of torch; None leaves torch's own. With one the result does not depend on where it ran.
        mask: which column of the graph's masks, where they have several.
        validation_share, test_share: of all nodes, where the graph brings no masks.
        train_per_class: train on so many nodes of each class then, instead of all that are left.
        data_seed: seed of this division; unlike the seed of a search it stays the same.

    Profile `paper`: layers without batch norm and with an activation on logits.
    """

    accepts = ("gnn", "gnn-wide")
    metrics = {"val_accuracy": "max", "val_loss": "min", "train_loss": "min", "params": "min"}
    default_budget = {"trials": 8}
    profiles = {
        "paper": {  # Zhou et al. 2022, section 4, after Veličković et al. 2018
            "epochs": 200,
            "final_epochs": 200,
            "lr": 0.005,
            "weight_decay": 5e-4,
            "dropout": 0.6,
            "batch_norm": False,
            "activation_on_logits": True,
            "normalize_features": True,
        }
    }

    def __init__(
        self,
        data: Any = None,
        *,
        epochs: int = 100,
        final_epochs: int = 200,
        repeats: int = 3,
        lr: float = 0.005,
        weight_decay: float = 5e-4,
        dropout: float = 0.6,
        batch_norm: bool = True,
        activation_on_logits: bool = False,
        normalize_features: bool = True,
        patience: int | None = None,
        device: Device = "auto",
        threads: int | None = 1,
        mask: int = 0,
        validation_share: float = 0.2,
        test_share: float = 0.2,
        train_per_class: int | None = None,
        data_seed: int = 0,
    ) -> None:
        for name, value in {"epochs": epochs, "final_epochs": final_epochs, "repeats": repeats}.items():
            if value < 1:
                raise UsageError(f"'{name}' must be at least 1, got {value}.")
        if mask < 0:
            raise UsageError(f"'mask' counts columns from 0, got {mask}.")
        self.epochs, self.final_epochs, self.repeats = epochs, final_epochs, repeats
        self.batch_norm, self.activation_on_logits = batch_norm, activation_on_logits
        self.normalize_features, self.mask = normalize_features, mask
        self.recipe = Recipe(lr, weight_decay, dropout, patience, device, threads)
        self.splitting = Splitting(validation_share, test_share, train_per_class, data_seed)
        self.graph = read(data, self.splitting, mask)
        self._placed: Placed | None = None
        self._hash = ""

    def __getstate__(self) -> dict[str, Any]:
        """Travel as arrays and settings; tensors are made again where they are needed."""
        return {**self.__dict__, "_placed": None}

    def facts(self) -> dict[str, Json]:
        """Return what the data say that a space must know, and what `load` needs besides weights."""
        graph = self.graph
        return {
            "features": graph.x.shape[1],
            "outputs": graph.outputs,
            "task": graph.task,
            "final_activation": self.activation_on_logits,
            "batch_norm": self.batch_norm,
            "normalize_features": self.normalize_features,
            "nodes": graph.nodes,
            "edges": int(graph.edge_index.shape[1]),
            "train_nodes": int(graph.train.sum()),
            "validation_nodes": int(graph.validation.sum()),
            "test_nodes": int(graph.test.sum()),
            "class_names": list(graph.names),
        }

    @classmethod
    def looks_in(cls) -> Sequence[Path]:
        return places()

    def fingerprint(self) -> str:
        """Return a hash of the graph, its labels and parts, and all settings. No seed depends on it."""
        if not self._hash:
            graph = self.graph
            digest = hashlib.sha256(repr(self._settings()).encode())
            parts = (graph.edge_index, graph.y, graph.train, graph.validation, graph.test)
            for array in (*graph.x.arrays(), *parts):
                digest.update(repr((array.shape, str(array.dtype))).encode())
                digest.update(np.ascontiguousarray(array).data)
            self._hash = f"gnn:{digest.hexdigest()[:16]}"
        return self._hash

    def _settings(self) -> dict[str, Any]:
        own = {
            "epochs": self.epochs,
            "final_epochs": self.final_epochs,
            "repeats": self.repeats,
            "batch_norm": self.batch_norm,
            "activation_on_logits": self.activation_on_logits,
            "normalize_features": self.normalize_features,
            "mask": self.mask,
        }
        return {**own, **asdict(self.recipe), **asdict(self.splitting)}

    def train(self, candidate: Gnn, *, effort: float, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Train and measure; the weights say what they were worth, and hand on the bank they came with."""
        from automl.trainers.gnn.network import weights_of

        epochs = max(1, round(effort * self.epochs))
        network, best, inherited = self._fit(candidate, epochs, weights, seed, report)
        kept = {**weights_of(network), **bank_arrays(weights or {}), SCORE: np.array(best.found["accuracy"])}
        extras: dict[str, Json] = {"epoch": best.epoch, "inherited_layers": inherited}
        return Outcome({**best.metrics, "params": _params(network)}, kept, extras)

    def finish(self, candidate: Gnn, *, weights: Weights | None, seed: int, report: Report) -> Outcome:
        """Train for `final_epochs` with several seeds; the metrics are means, and standard deviations beside them.

        Kept weights count as epoch 0. The network that is best on validation nodes is the one handed over;
        those of the other seeds stay beside it for `test`.
        """
        from automl.trainers.gnn.network import weights_of

        runs: list[tuple[Best, Network]] = []
        for repeat in range(self.repeats):
            network, best, _ = self._fit(
                candidate,
                self.final_epochs,
                weights,
                seed + repeat * SEEDS_APART,
                _later(report, repeat, self.final_epochs),
            )
            runs.append((best, network))
        runs.sort(key=lambda run: (-run[0].found["accuracy"], run[0].found["loss"]))
        kept = weights_of(runs[0][1])
        for place, (_, network) in enumerate(runs[1:], start=1):
            kept.update({REPEAT.format(place) + name: array for name, array in weights_of(network).items()})
        metrics = {**_spread([best.metrics for best, _ in runs], "val_accuracy"), "params": _params(runs[0][1])}
        metrics["model_val_accuracy"] = runs[0][0].found["accuracy"]
        return Outcome(metrics, kept, {"epochs": [best.epoch for best, _ in runs]})

    def _fit(
        self, candidate: Gnn, epochs: int, weights: Weights | None, seed: int, report: Report
    ) -> tuple[Network, Best, int]:
        """Train once; return the network at its best epoch, that epoch, and how many layers were inherited."""
        from automl.trainers._torch import reproducible
        from automl.trainers.gnn.fit import Course, fit
        from automl.trainers.gnn.network import Network, load_known
        from automl.trainers.gnn.target import Classes

        placed, recipe = self._tensors(), self.recipe
        with reproducible(seed, placed.device, recipe.threads):
            network = Network(candidate, self._frame()).to(placed.device)
            missing = load_known(network, weights or {})
            course = Course(
                epochs,
                recipe.lr if candidate.lr is None else candidate.lr,
                recipe.weight_decay if candidate.weight_decay is None else candidate.weight_decay,
                recipe.patience,
                complete=not missing,
            )
            best = fit(network, placed, Classes(), course, report)
        inherited = sum(f"layer{place}.project" not in missing for place in range(len(candidate.layers)))
        return network, best, inherited

    def _frame(self) -> Frame:
        from automl.trainers.gnn.network import Frame

        graph = self.graph
        return Frame(
            graph.x.shape[1], graph.outputs, graph.task, self.batch_norm, self.activation_on_logits, self.recipe.dropout
        )

    def _tensors(self) -> Placed:
        from automl.trainers._torch import choose_device
        from automl.trainers.gnn.placed import put

        if self._placed is None:
            self._placed = put(self.graph, choose_device(self.recipe.device), normalize=self.normalize_features)
        return self._placed

    def test(self, candidate: Gnn, weights: Weights) -> Metrics:
        """Measure the networks of all seeds on the test nodes; nothing else reads their labels."""
        from automl.trainers._torch import reproducible
        from automl.trainers.gnn.fit import named, score
        from automl.trainers.gnn.network import restore
        from automl.trainers.gnn.placed import part
        from automl.trainers.gnn.target import Classes

        if not self.graph.test.any():
            return {}
        placed, frame = self._tensors(), self._frame()
        nodes = part(self.graph, self.graph.test, placed.device)
        with reproducible(0, placed.device, self.recipe.threads):
            found = [
                named("test", score(restore(candidate, frame, run).to(placed.device), placed, nodes, Classes()))
                for run in _runs(weights)
            ]
        return {**_spread(found, "test_accuracy"), "model_test_accuracy": found[0]["test_accuracy"]}

    @classmethod
    def load(cls, candidate: Gnn, weights: Weights, facts: Mapping[str, Any]) -> nn.Module:
        """Return a finished model as an `nn.Module` in eval mode: forward(x, edge_index, batch=None) gives logits.

        x is (nodes, features) on the scale of the training data; the model divides rows by their sums itself.
        """
        from automl.trainers.gnn.exported import GraphModel
        from automl.trainers.gnn.network import Frame, restore

        network = restore(candidate, Frame.of(facts), weights)
        return GraphModel(network, normalize=bool(facts["normalize_features"])).eval()

    @classmethod
    def example(cls, facts: Mapping[str, Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Return two nodes (2, features) without features, and an edge each way (2, 2)."""
        return np.zeros((2, int(facts["features"])), np.float32), np.array([[0, 1], [1, 0]])

    def remarks(self, candidate: Gnn, metrics: Metrics) -> Sequence[str]:
        graph = self.graph
        return remarks(
            metrics,
            validation=int(graph.validation.sum()),
            test=int(graph.test.sum()),
            repeats=self.repeats,
            final_epochs=self.final_epochs,
        )


def _params(network: nn.Module) -> float:
    return float(sum(parameter.numel() for parameter in network.parameters()))


def _spread(runs: Sequence[Mapping[str, float]], metric: str) -> dict[str, float]:
    """Return the mean of every metric over runs and, as `METRIC_sd`, the standard deviation of one."""
    means = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
    deviation = np.std([run[metric] for run in runs], ddof=1) if len(runs) > 1 else 0.0
    return {**means, f"{metric}_sd": float(deviation)}


def _runs(weights: Weights) -> list[dict[str, npt.NDArray[Any]]]:
    """Return the weights of every seed's network; the one that is handed over first."""
    first = {name: array for name, array in weights.items() if not name.startswith("repeat")}
    found = [first]
    while any(name.startswith(prefix := REPEAT.format(len(found))) for name in weights):
        found.append({name.removeprefix(prefix): a for name, a in weights.items() if name.startswith(prefix)})
    return found


def _later(report: Report, repeat: int, epochs: int) -> Report:
    """Return a report whose steps go on where those of the seeds before ended."""
    return lambda step, metrics: report(repeat * epochs + step, metrics)
