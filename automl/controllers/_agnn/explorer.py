"""The conservative explorer: the best architecture so far, of which every offspring is an edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automl.controllers._agnn.standings import Standing, standing
from automl.controllers._agnn.words import Sentence, dump_sentence, load_sentence
from automl.controllers._proposals import dump_trace, load_trace
from automl.core.choices import Trace


@dataclass(frozen=True, slots=True)
class Built:
    """A candidate as the answers that built it.

    Attributes:
        trace: all its choices.
        sentence: those that left something to decide, as words.
    """

    trace: Trace
    sentence: Sentence

    def dump(self) -> list[Any]:
        """Write it as JSON."""
        trace = dump_trace(self.trace)
        return [trace, dump_sentence(self.sentence)]

    @classmethod
    def load(cls, json: Any) -> Built:
        """Read it back."""
        trace = load_trace(json[0])
        return cls(trace, load_sentence(json[1]))


class Explorer:
    """Keeps m_b and M_b, and after too long a stall starts anew: from the next best known candidate, then from nothing.

    The first start is the best of the candidates known beforehand, by one measurement each. Which of them is worth
    editing most that does not tell, so they take turns.

    Args:
        patience: results without a better one after which the search restarts; 0: it never does.

    Attributes:
        best: m_b, the best since the last restart; None until something has been measured.
        standing: M_b, its standing.
        restarts: how often the search has started anew. A result counts for the start that it was proposed after.
        stalled: results since the last improvement.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self.best: Built | None = None
        self.standing: Standing | None = None
        self.restarts = 0
        self.stalled = 0
        self._known: list[tuple[Standing, Built]] = []

    def know(self, built: Built, measured: Standing) -> None:
        """Take up the result of a candidate known beforehand."""
        self._known.append((measured, built))
        self._known.sort(key=lambda known: known[0], reverse=True)

    def hear(self, built: Built, measured: Standing | None, restarts: int) -> None:
        """Take up a result: replace m_b if and only if M_o > M_b. None is a failure.

        Args:
            built: the offspring.
            measured: M_o.
            restarts: how many there had been when it was proposed.
        """
        if restarts != self.restarts:
            return
        if measured is not None and (self.standing is None or measured > self.standing):
            self.best, self.standing, self.stalled = built, measured, 0
            return
        self.stalled += 1
        if self._patience and self.stalled >= self._patience:
            self.stalled, self.restarts = 0, self.restarts + 1
            self.best = self.standing = None
            if self.restarts < len(self._known):
                self.standing, self.best = self._known[self.restarts]

    def state_dict(self) -> dict[str, Any]:
        """Return what was found and how long ago."""
        return {
            "best": self.best.dump() if self.best else None,
            "standing": list(self.standing) if self.standing else None,
            "restarts": self.restarts,
            "stalled": self.stalled,
            "known": [[list(measured), built.dump()] for measured, built in self._known],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self.best = Built.load(state["best"]) if state["best"] else None
        self.standing = standing(state["standing"]) if state["standing"] else None
        self.restarts, self.stalled = state["restarts"], state["stalled"]
        self._known = [(standing(measured), Built.load(built)) for measured, built in state.get("known", ())]
