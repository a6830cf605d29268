"""Letting a controller propose what somebody else has measured already, so that it can learn from it.

A controller that proposes a space's defaults knows their answers as if they were its own. So what was measured
elsewhere becomes the default of the space for as long as it is asked; where a controller asks no space for defaults,
nothing else may be left to answer (`forced`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

from automl.core.choices import Choose, Trace
from automl.core.domains import Value
from automl.core.records import Proposal


class Prescription(Sequence[Mapping[str, Value]]):
    """The defaults of a space: the same one for every trial while one is prescribed, else the usual ones.

    Controllers look defaults up by the number of the trial, and theirs is not that of whoever prescribes.

    Attributes:
        trace: what is prescribed, or None.
    """

    def __init__(self, usual: Sequence[Mapping[str, Value]] = ()) -> None:
        self.trace: Trace | None = None
        self._usual = usual

    def __len__(self) -> int:
        return len(self._usual) if self.trace is None else 2**31

    @overload
    def __getitem__(self, place: int) -> Mapping[str, Value]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Mapping[str, Value]]: ...
    def __getitem__(self, place: int | slice) -> Mapping[str, Value] | Sequence[Mapping[str, Value]]:
        if self.trace is None:
            return self._usual[place]
        answers = {name: choice.value for name, choice in self.trace.items()}
        return [answers] if isinstance(place, slice) else answers


def forced(choose: Choose, trace: Trace) -> Choose:
    """Return a `choose` that allows nothing but the answers of a trace."""

    def only(name: str, domain: Any, *, allowed: Any = None) -> Any:
        known = trace.get(name)
        return choose(name, domain, allowed=allowed if known is None else [known.value])

    return only


def is_measured_once(proposal: Proposal) -> bool:
    """Say whether a candidate is measured once, in full and from nothing: more can be told to no other tool."""
    return proposal.effort == 1.0 and proposal.step == 0 and proposal.parent is None and not proposal.tentative


def is_followed(proposal: Proposal, used: Trace) -> bool:
    """Say whether all answers that were used are those that were proposed; a proposal may hold more."""
    return all(name in proposal.choices and proposal.choices[name].value == used[name].value for name in used)
