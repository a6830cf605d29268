"""Space `morl`: the hyperparameters of multi-objective reinforcement learning."""

from automl.search_spaces.morl.candidate import Configuration as Configuration
from automl.search_spaces.morl.space import MorlSpace as MorlSpace
