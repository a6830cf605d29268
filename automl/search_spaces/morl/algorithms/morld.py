"""`morld`: a population, each member for its own weights (Felten, Talbi and Danoy 2024), of morl-baselines.

Members are soft actor-critics. Their own hyperparameters are the library's ("library"), or are asked for ("own").
"""

from __future__ import annotations

from automl.core.domains import Integers, Reals
from automl.search_spaces.morl.algorithms.questions import ask_horizon, ask_memory, ask_network
from automl.search_spaces.morl.program import LIBRARY, Algorithm, Ask


def build(ask: Ask) -> None:
    """Ask for everything; the steps between two exchanges are a share of the training."""
    ask_horizon(ask)
    ask("population", Integers(2, 12))
    ask("exchanges", Integers(2, 64, log=True))
    ask("first_weights", ("uniform", "random"))
    ask("adaptation", ("none", "psa"))
    ask("shared_buffer", (False, True))
    ask("update_passes", Integers(1, 50, log=True))
    ask("probes", Integers(1, 10, log=True))
    if ask("members", ("library", "own")) == "own":
        ask_network(ask, shallowest=2)
        ask("critic_rate", Reals(1e-5, 1e-2, log=True))
        ask("tau", Reals(0.001, 1.0, log=True))
        ask_memory(ask)
        if not ask("automatic_entropy", (False, True)):
            ask("entropy", Reals(0.005, 1.0, log=True))


MORLD = Algorithm(
    "morld",
    build,
    {
        "horizon": 200.0,
        "population": 6,
        "exchanges": 12,  # the library: one for every 40 000 steps, so none in a short training
        "first_weights": "uniform",
        "adaptation": "none",
        "shared_buffer": False,
        "update_passes": 10,
        "probes": 5,
        "members": "library",
    },
    actions=("discrete", "continuous"),
    package=LIBRARY,
)
