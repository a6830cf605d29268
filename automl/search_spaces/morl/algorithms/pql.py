"""`pql`: Pareto Q-learning with tables of sets of returns (Van Moffaert and Nowé 2014), of morl-baselines."""

from __future__ import annotations

from automl.search_spaces.morl.algorithms.questions import ask_exploration, ask_horizon
from automl.search_spaces.morl.program import LIBRARY, Algorithm, Ask

SCORES = ("hypervolume", "pareto_cardinality")
"""What makes one action better than another: the volume of its set of returns, or how many of them nothing beats."""


def build(ask: Ask) -> None:
    """Ask for the discount, exploration, and how actions are compared."""
    ask_horizon(ask)
    ask_exploration(ask, "library")
    ask("score", SCORES)


PQL = Algorithm(
    "pql",
    build,
    {
        "horizon": 5.0,
        "epsilon": 1.0,
        "epsilon_schedule": "library",  # to its end after 100 000 steps, however long the training
        "epsilon_end": 0.1,
        "score": "hypervolume",
    },
    observations=("discrete",),
    package=LIBRARY,
)
