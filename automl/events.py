"""The events of a ledger and their JSON: asked, told, ended, finished in full."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from automl.core.choices import Choice
from automl.core.domains import Domain
from automl.core.records import Failure, Json, Outcome, Proposal, Result

Kind: TypeAlias = Literal["ask", "tell", "end", "final"]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the ledger: its place, its kind, its JSON body, and the Unix time it was written."""

    seq: int
    kind: Kind
    body: dict[str, Any]
    at: float


def dump_proposal(number: int, proposal: Proposal, candidate: Json) -> dict[str, Any]:
    """Write a proposal with the id of its evaluation; what has its default value is left out."""
    body: dict[str, Any] = {"id": number, "trial": proposal.trial, "candidate": candidate}
    if proposal.step:
        body["step"] = proposal.step
    if proposal.effort != 1.0:
        body["effort"] = proposal.effort
    if proposal.parent is not None:
        body["parent"] = proposal.parent
    if proposal.choices:
        body["choices"] = {name: choice.value for name, choice in proposal.choices.items()}
    if proposal.repeats is not None:
        body["repeats"] = proposal.repeats
    if proposal.tentative:
        body["tentative"] = True
    return body


def load_proposal(
    body: Mapping[str, Any], load: Callable[[Json], Any], domains: Mapping[str, Domain]
) -> tuple[int, Proposal]:
    """Read back the evaluation's id and the proposal.

    Args:
        body: JSON of `dump_proposal`.
        load: how to read a candidate from its JSON.
        domains: domain of every name that was ever asked.
    """
    choices = {name: Choice(value, domains[name]) for name, value in body.get("choices", {}).items()}
    proposal = Proposal(
        trial=body["trial"],
        step=body.get("step", 0),
        candidate=load(body["candidate"]),
        effort=body.get("effort", 1.0),
        parent=body.get("parent"),
        choices=choices,
        repeats=body.get("repeats"),
        tentative=body.get("tentative", False),
    )
    return body["id"], proposal


def dump_result(result: Result) -> dict[str, Any]:
    """Write a result without its proposal, which the ask has already, and without its weights, which are a file.

    `weights` says that there were some, whether or not they were kept.
    """
    body: dict[str, Any] = {"id": result.id, "seconds": round(result.seconds, 6)}
    if result.outcome:
        body["metrics"] = {name: float(value) for name, value in result.outcome.metrics.items()}
        if result.outcome.extras:
            body["extras"] = dict(result.outcome.extras)
        if result.outcome.cost:
            body["cost"] = float(result.outcome.cost)
        if result.outcome.weights:
            body["weights"] = True
    if result.error:
        body["error"] = [result.error.kind, result.error.message]
    if result.curve:
        body["curve"] = [[step, {n: float(v) for n, v in metrics.items()}] for step, metrics in result.curve]
    if result.copied is not None:
        body["copied"] = result.copied
    return body


def load_result(body: Mapping[str, Any], proposal: Proposal) -> Result:
    """Read back a result; its weights stay on disk."""
    outcome = error = None
    if "error" in body:
        error = Failure(*body["error"])
    else:
        outcome = Outcome(body["metrics"], None, body.get("extras", {}), body.get("cost", 0.0))
    return Result(
        id=body["id"],
        proposal=proposal,
        outcome=outcome,
        error=error,
        seconds=body["seconds"],
        curve=tuple((step, metrics) for step, metrics in body.get("curve", ())),
        copied=body.get("copied"),
    )
