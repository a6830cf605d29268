"""Spaces `gnn` and `gnn-wide`: graph neural networks as six actions per layer."""

from automl.search_spaces.gnn.candidate import Gnn, Layer
from automl.search_spaces.gnn.size import Shape, shapes, size
from automl.search_spaces.gnn.space import GnnSpace, WideGnnSpace

__all__ = ["Gnn", "GnnSpace", "Layer", "Shape", "WideGnnSpace", "shapes", "size"]
