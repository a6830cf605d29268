"""`pcn`: a network told which return to reach, and when (Reymond, Bargiacchi and Nowé 2022), of morl-baselines."""

from __future__ import annotations

from automl.core.domains import Integers, Reals
from automl.search_spaces.morl.algorithms.questions import BATCHES, WIDTHS, ask_horizon
from automl.search_spaces.morl.program import LIBRARY, Algorithm, Ask


def build(ask: Ask) -> None:
    """Ask for everything; `noise` matters where actions are continuous only."""
    ask("learning_rate", Reals(1e-5, 1e-1, log=True))
    ask("batch_size", BATCHES)
    ask("hidden", WIDTHS)
    if ask("discounting", (False, True)):
        ask_horizon(ask)
    ask("noise", Reals(0.01, 1.0, log=True))
    ask("return_scale", Reals(0.001, 10.0, log=True))
    ask("horizon_scale", Reals(0.001, 10.0, log=True))
    ask("max_return", Reals(1.0, 1000.0, log=True))
    ask("warm_up_episodes", Integers(5, 100, log=True))
    ask("episodes", Integers(1, 50, log=True))
    ask("model_updates", Integers(5, 200, log=True))
    ask("buffer_episodes", Integers(20, 500, log=True))


PCN = Algorithm(
    "pcn",
    build,
    {
        "learning_rate": 1e-3,
        "batch_size": 256,
        "hidden": 64,
        "discounting": False,
        "noise": 0.1,
        "return_scale": 0.1,  # of the two scales the library has no defaults
        "horizon_scale": 0.01,
        "max_return": 100.0,
        "warm_up_episodes": 20,
        "episodes": 10,
        "model_updates": 50,
        "buffer_episodes": 100,
    },
    actions=("discrete", "continuous"),
    package=LIBRARY,
)
