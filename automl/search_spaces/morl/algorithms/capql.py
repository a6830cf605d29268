"""`capql`: an actor and critics for all weights, with concave rewards (Lu, Herman and Yu 2023), of morl-baselines."""

from __future__ import annotations

from automl.core.domains import Integers, Reals
from automl.search_spaces.morl.algorithms.questions import ask_horizon, ask_network
from automl.search_spaces.morl.program import LIBRARY, Algorithm, Ask


def build(ask: Ask) -> None:
    """Ask for everything; learning never starts before a batch can be drawn."""
    ask_network(ask)
    ask_horizon(ask)
    ask("tau", Reals(0.001, 0.5, log=True))
    ask("networks", Integers(1, 4))
    ask("concavity", Reals(0.005, 1.0, log=True))
    ask("buffer_size", Integers(1000, 1_000_000, log=True))
    ask("learning_starts", Integers(256, 2000, log=True))
    ask("gradient_updates", Integers(1, 10, log=True))


CAPQL = Algorithm(
    "capql",
    build,
    {
        "learning_rate": 3e-4,
        "width": 256,
        "depth": 2,
        "batch_size": 128,
        "horizon": 100.0,
        "tau": 0.005,
        "networks": 2,
        "concavity": 0.2,
        "buffer_size": 1_000_000,
        "learning_starts": 1000,
        "gradient_updates": 1,
    },
    actions=("continuous",),
    package=LIBRARY,
)
