"""How often a move is drawn at random instead of being the greedy one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exploration:
    """The schedule of epsilon, the chance of a random move.

    Attributes:
        start: epsilon at the beginning.
        end: the smallest epsilon.
        decay: factor per update of the network (0.99995 in the paper); 1: epsilon does not depend on updates.
        share: share of the budget after which `end` is reached, falling exponentially; 0: epsilon does not depend
            on the budget.
    """

    start: float = 1.0
    end: float = 0.05
    decay: float = 1.0
    share: float = 0.0

    def epsilon(self, updates: int, progress: float) -> float:
        """Return the chance of a random move after so many updates and such a share of the budget."""
        epsilon = self.start * self.decay**updates
        if self.share > 0.0:
            epsilon *= (self.end / self.start) ** min(1.0, progress / self.share)
        return max(self.end, epsilon)
