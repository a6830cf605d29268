"""What several algorithms ask in the same words.

Lengths of a schedule are shares of the training, so that a tuned configuration can be trained for longer or shorter;
the end of a schedule is a share of its start, so that nothing grows where it should fall.
"""

from __future__ import annotations

from automl.core.domains import Integers, Reals
from automl.search_spaces.morl.program import Ask

WIDTHS = (32, 64, 128, 256)
"""Units of a layer."""
BATCHES = (32, 64, 128, 256)
"""Transitions of a gradient step."""


def ask_horizon(ask: Ask) -> None:
    """Ask for the discount, as its horizon."""
    ask("horizon", Reals(2.0, 1000.0, log=True))


def ask_exploration(ask: Ask, without_a_share: str = "constant") -> None:
    """Ask for the share of actions at random, and how it falls.

    Args:
        ask: of the program.
        without_a_share: name of the schedule that is not relative to the training: "constant", or "library" for a
            length in steps that the library itself has chosen.
    """
    ask("epsilon", Reals(0.01, 1.0, log=True))
    schedule = ask("epsilon_schedule", (without_a_share, "run"))
    if schedule == "run":
        ask("epsilon_decay", Reals(0.05, 1.0))
    if schedule != "constant":
        ask("epsilon_end", Reals(0.01, 1.0, log=True))


def ask_network(ask: Ask, shallowest: int = 1) -> None:
    """Ask for the layers of a network and how it is fitted."""
    ask("learning_rate", Reals(1e-5, 1e-2, log=True))
    ask("width", WIDTHS)
    ask("depth", Integers(shallowest, 4))
    ask("batch_size", BATCHES)


def ask_target(ask: Ask) -> None:
    """Ask how a target network follows: all at once every so many steps, or a little at every step."""
    if ask("target", ("periodic", "soft")) == "periodic":
        ask("target_period", Integers(1, 5000, log=True))
    else:
        ask("tau", Reals(0.001, 0.5, log=True))


def ask_memory(ask: Ask) -> None:
    """Ask for the transitions that are kept for replay, and the steps before the first gradient."""
    ask("buffer_size", Integers(1000, 1_000_000, log=True))
    ask("learning_starts", Integers(10, 1000, log=True))
