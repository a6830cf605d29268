"""How often a move is drawn at random instead of being the greedy one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exploration:
    """The schedule of epsilon, the chance of a random move. It starts at 1 and falls exponentially.

    With both a decay and a share the slower one counts: a network that has hardly learned is not followed yet, and a
    large budget is not spent on what was found first. With neither, every move is random.

    Attributes:
        end: the smallest epsilon.
        decay: factor per update of the network (0.99995 in the paper); 1: updates do not matter.
        share: share of the budget after which `end` is reached; 0: the budget does not matter.
    """

    end: float = 0.05
    decay: float = 1.0
    share: float = 0.0

    def epsilon(self, updates: int, progress: float) -> float:
        """Return the chance of a random move after so many updates and such a share of the budget."""
        by_updates = self.decay**updates if self.decay < 1.0 else None
        by_share = self.end ** min(1.0, progress / self.share) if self.share > 0.0 else None
        falling = [epsilon for epsilon in (by_updates, by_share) if epsilon is not None]
        return max(self.end, *falling) if falling else 1.0
