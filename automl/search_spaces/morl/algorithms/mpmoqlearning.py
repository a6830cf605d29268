"""`mpmoqlearning`: one Q-table after the other (Van Moffaert, Drugan and Nowé 2013), of morl-baselines.

`tabular` is the same idea, much faster, and can pause; this one has a learned model of the environment besides.
"""

from __future__ import annotations

from automl.core.domains import Integers, Reals
from automl.search_spaces.morl.algorithms.questions import ask_exploration, ask_horizon
from automl.search_spaces.morl.program import LIBRARY, Algorithm, Ask

SELECTIONS = ("random", "ols", "gpi-ls")
"""How the weights of the next table are selected."""


def build(ask: Ask) -> None:
    """Ask for everything; the steps of a table are a share of the training."""
    ask("learning_rate", Reals(0.01, 1.0, log=True))
    ask_horizon(ask)
    ask_exploration(ask)
    ask("policies", Integers(2, 64, log=True))
    ask("selection", SELECTIONS)
    ask("improvement", (False, True))
    ask("transfer", (False, True))
    ask("probes", Integers(1, 20, log=True))
    if ask("model", (False, True)):
        ask("model_updates", Integers(1, 20, log=True))
        ask("model_priorities", (False, True))


MPMOQLEARNING = Algorithm(
    "mpmoqlearning",
    build,
    {
        "learning_rate": 0.1,
        "horizon": 10.0,
        "epsilon": 0.1,
        "epsilon_schedule": "constant",
        "policies": 10,  # the library: one for every 200 000 steps, so none in a short training
        "selection": "random",
        "improvement": False,
        "transfer": True,
        "probes": 5,
        "model": False,
    },
    observations=("discrete",),
    package=LIBRARY,
)
