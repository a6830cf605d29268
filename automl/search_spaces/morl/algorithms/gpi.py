"""`gpi-ls` and `gpi-pd`: generalised policy improvement (Alegre et al. 2023), of morl-baselines.

`gpi-ls` learns from what it met; `gpi-pd` learns a model of the environment as well, and from what that imagines.
"""

from __future__ import annotations

from automl.core.domains import Integers, Reals, Value
from automl.search_spaces.morl.algorithms.questions import (
    WIDTHS,
    ask_exploration,
    ask_horizon,
    ask_memory,
    ask_network,
    ask_target,
)
from automl.search_spaces.morl.program import LIBRARY, Algorithm, Ask

SELECTIONS = ("gpi-ls", "ols")
"""How the weights of the next round are selected."""


def build(ask: Ask) -> None:
    """Ask for everything but the model; a round's steps are a share of the training."""
    ask_network(ask, shallowest=2)
    ask_horizon(ask)
    ask_exploration(ask)
    ask_target(ask)
    ask_memory(ask)
    ask("networks", Integers(1, 4))
    ask("gradient_updates", Integers(1, 20, log=True))
    if ask("updates_schedule", ("library", "run")) == "run":
        ask("updates_start", Reals(0.01, 1.0, log=True))
    ask("priority_exponent", Reals(0.1, 0.9))
    ask("least_priority", Reals(0.001, 1.0, log=True))
    ask("dropout", Reals(0.0, 0.2))
    ask("layer_norm", (False, True))
    if ask("clipping", (False, True)):
        ask("max_grad_norm", Reals(0.1, 10.0, log=True))
    ask("improvement", (False, True))
    ask("rounds", Integers(2, 32, log=True))
    ask("selection", SELECTIONS)
    ask("probes", Integers(1, 20, log=True))


def build_with_model(ask: Ask) -> None:
    """Ask for the model besides."""
    build(ask)
    ask("model_width", WIDTHS)
    ask("model_depth", Integers(1, 4))
    ask("model_members", Integers(2, 8))
    ask("model_rollout", Integers(1, 5))
    ask("model_batch", Integers(1000, 50_000, log=True))
    ask("model_doubt", Reals(0.1, 10.0, log=True))
    ask("real_share", Reals(0.05, 0.95))


_DEFAULT: dict[str, Value] = {
    "learning_rate": 3e-4,
    "width": 256,
    "depth": 4,
    "batch_size": 128,
    "horizon": 100.0,
    "epsilon": 0.01,
    "epsilon_schedule": "constant",
    "target": "periodic",
    "target_period": 1000,
    "buffer_size": 1_000_000,
    "learning_starts": 100,
    "networks": 2,
    "gradient_updates": 20,
    "updates_schedule": "library",  # from step 5000 on; one for each step before
    "priority_exponent": 0.6,
    "least_priority": 0.01,
    "dropout": 0.01,
    "layer_norm": True,
    "clipping": False,
    "improvement": True,
    "rounds": 10,  # the library: one for every 10 000 steps, so none in a short training
    "selection": "gpi-ls",
    "probes": 5,
}

GPI_LS = Algorithm("gpi-ls", build, _DEFAULT, package=LIBRARY)
GPI_PD = Algorithm(
    "gpi-pd",
    build_with_model,
    {
        **_DEFAULT,
        "model_width": 256,
        "model_depth": 3,
        "model_members": 5,
        "model_rollout": 1,
        "model_batch": 25_000,
        "model_doubt": 1.5,
        "real_share": 0.5,
    },
    package=LIBRARY,
)
