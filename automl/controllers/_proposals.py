"""A proposal as plain data, for controllers that must remember what they have asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automl.core.choices import Choice, Trace
from automl.core.domains import dump_domain, load_domain
from automl.core.records import Proposal


def dump_trace(trace: Trace) -> list[list[Any]]:
    """Write the choices of a run."""
    return [[name, choice.value, dump_domain(choice.domain)] for name, choice in trace.items()]


def load_trace(state: list[list[Any]]) -> dict[str, Choice]:
    """Read them back."""
    return {name: Choice(value, load_domain(domain)) for name, value, domain in state}


def dump_proposal(space: Any, proposal: Proposal) -> dict[str, Any]:
    """Write the proposal that began a trial."""
    return {
        "trial": proposal.trial,
        "candidate": space.dump(proposal.candidate),
        "effort": proposal.effort,
        "parent": proposal.parent,
        "choices": dump_trace(proposal.choices),
    }


def load_proposal(space: Any, state: Mapping[str, Any]) -> Proposal:
    """Read it back."""
    return Proposal(
        trial=state["trial"],
        step=0,
        candidate=space.load(state["candidate"]),
        effort=state["effort"],
        parent=state["parent"],
        choices=load_trace(state["choices"]),
    )
