"""Parameter sharing: every candidate starts from weights that earlier candidates were trained to.

Pham, Guan, Zoph, Le and Dean: Efficient Neural Architecture Search via Parameter Sharing. ICML 2018; constrained to
what fits, as in Auto-GNN (Zhou et al. 2019, section "constrained parameter sharing"). What fits is the space's business
(`Inheritable`); a space may let more travel along than the weights of one network, as `gnn` does with its bank of
explored layers. The business of this file is that nothing of it gets lost, and that candidates train shorter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from automl.core.errors import Incompatible, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import Inheritable, SearchSpace


class Sharing:
    """Chooses whose weights a candidate inherits, for controllers whose trials are single evaluations.

    An evaluation carries what its whole line of ancestors was trained to, so the one with the longest line is inherited
    from; of equals the better one. With one worker that is the latest success, and every success is handed on. Several
    workers make several lines of which one is continued: weights move along one edge, so two lines never join, and with
    w workers about one evaluation in w is handed on. A slow evaluation that was begun long ago never shortens the line,
    and neither does a failure.

    Args:
        space: where candidates come from.
        objectives: by which the better one is told.
        on: False for a sharing that changes no proposal.
        adaptation: effort of an evaluation that inherits, as a share of one that does not.

    Raises:
        Incompatible: if the space does not know what a candidate may inherit.
        UsageError: if the adaptation is no positive number.
    """

    def __init__(self, space: SearchSpace[Any], objectives: Objectives, *, on: bool, adaptation: float) -> None:
        if on and not isinstance(space, Inheritable):
            raise Incompatible(
                "With sharing candidates inherit weights, and this space does not know which of them fit.",
                "Type --set sharing=false, or search a space that is Inheritable (automl list).",
            )
        if not 0 < adaptation < float("inf"):
            raise UsageError(
                f"adaptation must be positive, got {adaptation}.",
                "Type --set adaptation=0.2 for a fifth of the usual training.",
            )
        self._objectives, self._on, self._adaptation = objectives, on, adaptation
        self._parent: int | None = None
        self._length = 0
        self._merit: tuple[float, ...] = ()
        self._lengths: dict[int, int] = {}
        """Of the lines that end in flight, by trial."""

    def shared(self, proposal: Proposal) -> Proposal:
        """Return a proposal as it is measured: a shorter training from inherited weights, once there are any."""
        if self._parent is None:
            return proposal
        self._lengths[proposal.trial] = self._length + 1
        return replace(proposal, parent=self._parent, effort=proposal.effort * self._adaptation)

    def hear(self, results: Sequence[Result]) -> None:
        """Take note of what has been trained."""
        for result in results if self._on else ():
            length = self._lengths.pop(result.proposal.trial, 1)
            if result.outcome is None:
                continue
            merit = self._objectives.merit(result)
            if (length, merit) > (self._length, self._merit):
                self._parent, self._length, self._merit = result.id, length, merit

    def parents(self) -> Collection[int]:
        """Return the evaluation that the next proposal inherits from."""
        return () if self._parent is None else (self._parent,)

    def state_dict(self) -> dict[str, Any]:
        """Return the line that is continued, and those in flight."""
        return {
            "parent": self._parent,
            "length": self._length,
            "merit": list(self._merit),
            "lengths": {str(trial): length for trial, length in self._lengths.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._parent, self._length, self._merit = state["parent"], state["length"], tuple(state["merit"])
        self._lengths = {int(trial): length for trial, length in state["lengths"].items()}
