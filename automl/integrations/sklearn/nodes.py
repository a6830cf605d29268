"""A classifier of the nodes of one graph that searches for its network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from automl.integrations.sklearn.searching import Searching

Mask = npt.NDArray[Any]
_MASKS = ("train_mask", "val_mask", "test_mask")


class AutoMLNodeClassifier(ClassifierMixin, Searching):  # type: ignore[misc]
    """Finds a graph neural network and labels the nodes of a graph with it.

        model = AutoMLNodeClassifier(trials=8, random_state=0).fit(data)
        model.predict(data, data.test_mask)

    The graph is fitted as a whole (the task is transductive): nodes to be labelled later are part of it, without their
    labels being read. So it takes `torch_geometric.data.Data` where other estimators take X and y, and neither
    cross-validation nor scikit-learn's checks of estimators apply.

    Args:
        trials, time, controller, objectives, settings, workers, random_state, directory, verbose: see `Searching`.

    Attributes:
        classes_: the labels, sorted.
        model_: the network: model_(x, edge_index) gives logits (nodes, classes).
        best_candidate_, summary_: what it is, and what was searched and measured.
    """

    _space = "gnn"
    _keeps: ClassVar[tuple[str, ...]] = ("classes_",)

    def fit(self, data: Any, y: None = None) -> Self:
        """Search for a network.

        Args:
            data: a `torch_geometric.data.Data`, or anything with its x, edge_index, y and masks. Nodes of train_mask
                are trained on, those of val_mask select. Without masks nodes are divided at random.
            y: not used; labels are in `data`.

        Raises:
            AutomlError: if the graph is none, a parameter is wrong, or no candidate could be trained.
        """
        graph = {name: value for name in ("x", "edge_index", *_MASKS) if (value := _array(data, name)) is not None}
        labels = _array(data, "y").reshape(-1)
        masks = [mask.reshape(len(labels), -1)[:, 0] for name in _MASKS if (mask := graph.get(name)) is not None]
        known = np.logical_or.reduce(masks) if masks else np.ones(len(labels), bool)
        self.classes_ = np.unique(labels[known])
        places = np.searchsorted(self.classes_, labels)
        graph["y"] = places.clip(max=len(self.classes_) - 1)  # labels of other nodes are no matter
        return self._search(graph, {"trainer.predict": "classes", "trainer.repeats": 1})

    def predict_proba(self, data: Any, mask: Any = None) -> npt.NDArray[np.float64]:
        """Return the probability (nodes, classes) of each of `classes_`, of all nodes or of those of a mask."""
        import torch

        check_is_fitted(self)
        x, edges = (torch.as_tensor(_array(data, name)) for name in ("x", "edge_index"))
        with torch.no_grad():
            outputs = self.model_(x.float(), edges.long()).double().softmax(dim=1).numpy()
        probabilities: npt.NDArray[np.float64] = outputs if mask is None else outputs[np.asarray(mask)]
        return probabilities

    def predict(self, data: Any, mask: Any = None) -> npt.NDArray[Any]:
        """Return the labels of all nodes, or of those of a mask: (nodes,) of yes and no, or numbers of nodes."""
        labels: npt.NDArray[Any] = self.classes_[self.predict_proba(data, mask).argmax(axis=1)]
        return labels

    def score(self, data: Any, y: None = None, mask: Any = None) -> float:
        """Return the accuracy on the nodes of a mask; by default those of test_mask or, if there is none, all."""
        truth = _array(data, "y").reshape(-1)
        chosen = _array(data, "test_mask") if mask is None else np.asarray(mask)
        if chosen is None:
            chosen = np.ones(len(truth), bool)
        return float(accuracy_score(truth[chosen], self.predict(data, chosen)))


def _array(data: Any, name: str) -> Any:
    """Return an attribute of a graph, or a value of a mapping, as an array; None if it has none."""
    value = data.get(name) if isinstance(data, Mapping) else getattr(data, name, None)
    return value if value is None else np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
