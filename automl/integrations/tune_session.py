"""A controller and its space, asked and told under the names that somebody else gives to trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from automl.core.choices import Choice, Choose, Trace, given, run
from automl.core.controller import Controller
from automl.core.domains import Domain, Value, dump_domain, load_domain
from automl.core.errors import Incompatible, InvalidCandidate
from automl.core.objectives import Objectives
from automl.core.records import Failure, Json, Metrics, Outcome, Proposal, Result
from automl.core.space import Defaulting, SearchSpace
from automl.integrations.prescription import Prescription, forced, is_followed, is_measured_once

Factory: TypeAlias = Callable[[SearchSpace[Any], Objectives, int], Controller]
Curve: TypeAlias = Sequence[tuple[int, Metrics]]
_MOST_REFUSED = 100
"""So many candidates in a row that their own space refuses mean that the space has no others."""


class TuneSession:
    """What goes on between a controller and Tune.

    Args:
        factory: makes the controller.
        space: what it searches.
        objectives: what for.
        seed: of the controller.

    Attributes:
        space: what is searched.
        open: the proposals of the trials that have not ended, by the names of these.

    Raises:
        Incompatible: if the controller needs more than choices.
    """

    def __init__(self, factory: Factory, space: SearchSpace[Any], objectives: Objectives, seed: int) -> None:
        self.space = space
        self.open: dict[str, Proposal] = {}
        self._led = _Led(space)
        self._controller = factory(self._led, objectives, seed)
        self._told = 0
        if self._controller.requires:
            needs = ", ".join(capability.__name__ for capability in self._controller.requires)
            raise Incompatible(
                f"{type(self._controller).__name__} needs a space that is {needs}, with moves or weights, and Tune has "
                "neither.",
                "Use random, evolution or bayesian.",
            )

    def propose(self, trial: str) -> Proposal | None:
        """Return a proposal for a trial; None if the controller has nothing to propose now."""
        for _ in range(_MOST_REFUSED):
            proposal = self._asked()
            if proposal is None:
                return None
            try:
                self.space.check(proposal.candidate)
            except InvalidCandidate as error:
                self._tell(proposal, Failure("invalid", str(error)))
                continue
            self.open[trial] = proposal
            return proposal
        raise Incompatible(f"The space refuses {_MOST_REFUSED} candidates in a row.", "Keep limits inside `build`.")

    def end(self, trial: str, came: Outcome | Failure, curve: Curve = ()) -> None:
        """Tell the controller what came of a trial; a trial that is not open is not heard."""
        proposal = self.open.pop(trial, None)
        if proposal is not None:
            self._tell(proposal, came, curve)

    def learn(self, answers: Mapping[str, Value], came: Outcome | Failure, curve: Curve = ()) -> bool:
        """Let the controller learn from what it did not propose; return False if it cannot.

        Raises:
            InvalidCandidate: if the answers lead to no candidate of the space.
        """
        candidate, used = run(self.space.build, given(answers, _unanswered))
        for force in (False, True):
            proposal = self._prescribed(used, force=force)
            if proposal is not None and is_followed(proposal, used):
                self._tell(replace(proposal, candidate=candidate, choices=used), came, curve)
                return True
        return False

    def state_dict(self) -> dict[str, Any]:
        """Return what the controller has learned, and the open trials."""
        opened = {trial: _dump(self.space, proposal) for trial, proposal in self.open.items()}
        return {"controller": self._controller.state_dict(), "open": opened, "told": self._told}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `state_dict`."""
        self._controller.load_state_dict(state["controller"])
        self.open = {trial: _load(self.space, proposal) for trial, proposal in state["open"].items()}
        self._told = state["told"]

    def _prescribed(self, used: Trace, *, force: bool) -> Proposal | None:
        with_trace = self._led.prescription
        with_trace.trace, self._led.force = used, force
        try:
            return self._asked()
        finally:
            with_trace.trace, self._led.force = None, False

    def _asked(self) -> Proposal | None:
        proposals = self._controller.ask(1, 0.0)
        if not proposals:
            return None
        proposal = proposals[0]
        if not is_measured_once(proposal):
            raise Incompatible(
                f"{type(self._controller).__name__} decides how long a candidate is measured, and Tune cannot be told.",
                "Use the controller inside, and tune.schedulers.ASHAScheduler beside it.",
            )
        return proposal

    def _tell(self, proposal: Proposal, came: Outcome | Failure, curve: Curve = ()) -> None:
        number, self._told = self._told, self._told + 1
        if isinstance(came, Failure):
            result = Result(number, proposal, error=came, curve=tuple(curve))
        else:
            result = Result(number, proposal, came, curve=tuple(curve))
        self._controller.tell([result])


class _Led(SearchSpace[Any]):
    """A space whose defaults, or whose only candidate, can be prescribed."""

    def __init__(self, space: SearchSpace[Any]) -> None:
        self._space = space
        self.prescription = Prescription(space.defaults() if isinstance(space, Defaulting) else ())
        self.force = False

    def defaults(self) -> Sequence[Mapping[str, Value]]:
        """Return what is prescribed, or else the space's own."""
        return self.prescription

    def build(self, choose: Choose) -> Any:
        trace = self.prescription.trace
        return self._space.build(forced(choose, trace) if self.force and trace is not None else choose)

    def check(self, candidate: Any) -> None:
        self._space.check(candidate)

    def load(self, json: Any) -> Any:
        return self._space.load(json)

    def dump(self, candidate: Any) -> Json:
        return self._space.dump(candidate)

    def describe(self, candidate: Any) -> str:
        return self._space.describe(candidate)

    def key(self, candidate: Any) -> str:
        return self._space.key(candidate)


def _unanswered(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
    raise InvalidCandidate(f"The space asks '{name}', and the parameters do not say it.")


def _dump(space: SearchSpace[Any], proposal: Proposal) -> dict[str, Json]:
    choices: list[Json] = [[name, c.value, dump_domain(c.domain)] for name, c in proposal.choices.items()]
    return {"trial": proposal.trial, "candidate": space.dump(proposal.candidate), "choices": choices}


def _load(space: SearchSpace[Any], state: Mapping[str, Any]) -> Proposal:
    choices = {name: Choice(value, load_domain(domain)) for name, value, domain in state["choices"]}
    return Proposal(state["trial"], 0, space.load(state["candidate"]), choices=choices)
