"""Real spaces for tests of controllers whose trainers only count: any weights go from any parent to any child."""

from automl.search_spaces.cnn import CnnSpace
from automl.search_spaces.gnn import GnnSpace


class SharedCnns(CnnSpace):
    """Convolutional networks whose weights are only counted."""

    def inherit(self, child, parent, weights):
        return {name: array.copy() for name, array in weights.items()}


class SharedGnns(GnnSpace):
    """Graph neural networks whose weights are only counted."""

    def inherit(self, child, parent, weights):
        return {name: array.copy() for name, array in weights.items()}
