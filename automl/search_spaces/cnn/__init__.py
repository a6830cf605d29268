"""Space `cnn`: plain and residual convolutional networks that grow without changing their function."""

from automl.search_spaces.cnn.candidate import Cnn, Conv, Hidden, Residual
from automl.search_spaces.cnn.size import Size, size
from automl.search_spaces.cnn.space import CnnSpace

__all__ = ["Cnn", "CnnSpace", "Conv", "Hidden", "Residual", "Size", "size"]
