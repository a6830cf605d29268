"""`tabular`: multi-policy Q-learning with tables, the learner of this project.

One Q-table after the other, each for its own weights of the objectives. What is searched: how tables are learned (rate,
horizon, exploration, what is chosen among equals), how many there are, how their weights are selected (at random; by
optimistic linear support, Roijers 2016; by generalised policy improvement, Alegre et al. 2023), and what they take over
from each other.
"""

from __future__ import annotations

from automl.core.domains import Integers, Reals
from automl.search_spaces.morl.program import Algorithm, Ask

SELECTIONS = ("random", "ols", "gpi-ls")
"""How the weights of the next table are selected."""
TIES = ("first", "random")
"""Which of several equally good actions is taken while learning; before anything is learned all are equally good."""
SCHEDULES = ("constant", "run", "policy")
"""How exploration falls: not at all, once over the run, or anew for every policy."""


def build(ask: Ask) -> None:
    """Ask for everything; the end of exploration is a share of its start, its decay a share of what it falls over."""
    ask("learning_rate", Reals(0.01, 1.0, log=True))
    ask("learning_rate_end", Reals(0.01, 1.0, log=True))
    ask("horizon", Reals(2.0, 1000.0, log=True))
    ask("epsilon", Reals(0.01, 1.0, log=True))
    if ask("epsilon_schedule", SCHEDULES) != "constant":
        ask("epsilon_end", Reals(0.01, 1.0, log=True))
        ask("epsilon_decay", Reals(0.05, 1.0))
    ask("policies", Integers(2, 64, log=True))
    ask("selection", SELECTIONS)
    ask("improvement", (False, True))
    ask("transfer", (False, True))
    ask("probes", Integers(1, 20, log=True))
    ask("replays", Integers(0, 16))
    ask("ties", TIES)


TABULAR = Algorithm(
    "tabular",
    build,
    {  # as MPMOQLearning of morl-baselines 1.3.0, with one episode to measure a policy by
        "learning_rate": 0.1,
        "learning_rate_end": 1.0,
        "horizon": 10.0,
        "epsilon": 0.1,
        "epsilon_schedule": "constant",
        "policies": 10,
        "selection": "random",
        "improvement": False,
        "transfer": True,
        "probes": 1,
        "replays": 0,
        "ties": "first",
    },
    observations=("discrete",),
)
