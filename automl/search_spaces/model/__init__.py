"""Space `model`: any program that asks questions and builds a model."""

from automl.search_spaces.model.candidate import Model as Model
from automl.search_spaces.model.space import ModelSpace as ModelSpace
