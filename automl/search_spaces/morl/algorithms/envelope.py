"""`envelope`: one Q-network for all weights (Yang, Sun and Narasimhan 2019), of morl-baselines."""

from __future__ import annotations

from automl.core.domains import Integers, Reals
from automl.search_spaces.morl.algorithms.questions import (
    ask_exploration,
    ask_horizon,
    ask_memory,
    ask_network,
    ask_target,
)
from automl.search_spaces.morl.program import LIBRARY, Algorithm, Ask


def build(ask: Ask) -> None:
    """Ask for everything; the homotopy goes from the loss of the returns to that of their weighted sums."""
    ask_network(ask)
    ask_horizon(ask)
    ask_exploration(ask)
    ask_target(ask)
    ask_memory(ask)
    ask("gradient_updates", Integers(1, 10, log=True))
    ask("max_grad_norm", Reals(0.1, 10.0, log=True))
    ask("envelope", (False, True))
    ask("sampled_weights", Integers(2, 16, log=True))
    if ask("priorities", (False, True)):
        ask("priority_exponent", Reals(0.1, 0.9))
    if ask("homotopy", (False, True)):
        ask("homotopy_start", Reals(0.0, 1.0))
        ask("homotopy_end", Reals(0.0, 1.0))
        ask("homotopy_decay", Reals(0.05, 1.0))


ENVELOPE = Algorithm(
    "envelope",
    build,
    {
        "learning_rate": 3e-4,
        "width": 256,
        "depth": 4,
        "batch_size": 256,
        "horizon": 100.0,
        "epsilon": 0.01,
        "epsilon_schedule": "constant",
        "target": "periodic",
        "target_period": 200,
        "buffer_size": 1_000_000,
        "learning_starts": 100,
        "gradient_updates": 1,
        "max_grad_norm": 1.0,
        "envelope": True,
        "sampled_weights": 4,
        "priorities": True,
        "priority_exponent": 0.6,
        "homotopy": False,
    },
    package=LIBRARY,
)
