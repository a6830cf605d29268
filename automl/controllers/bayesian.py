"""Bayesian optimisation, or whatever else a sampler of Optuna does, on any space."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from automl.controllers._defaults import defaults_of
from automl.core.controller import Controller
from automl.core.errors import UsageError
from automl.core.objectives import Objectives
from automl.core.records import Proposal, Result
from automl.core.space import SearchSpace
from automl.core.trainer import Watch

if TYPE_CHECKING:
    from automl.controllers._private_study import PrivateStudy
    from automl.controllers._pruning import Pruning


class Bayesian(Controller):
    """Lets an Optuna sampler answer the space's questions; each named choice is a parameter.

    The default is the tree-structured Parzen estimator (Bergstra et al. 2011; multivariate, Falkner et al.
    2018). Several objectives become several directions, limits become constraints, failed evaluations become
    failed trials. A sampler cannot leave out answers: one that a limit of the space rules out is moved to the
    nearest that is allowed. CMA-ES and GP model the names that every trial has and answer the others at
    random. A space that knows defaults has them as its first trials.

    The same seed gives the same proposals, also after a resume. To that end each proposal gets a fresh sampler with a
    seed of its own, and GP fits its kernel from Optuna's start values each time instead of from the previous fit.
    Samplers that are not Optuna's own last for the whole study, and draw from seeded generators. They, CMA-ES and
    `partial_fixed` are resumed by asking again from the start, the others at once. `brute_force` ends the search when
    everything has been tried.

    With a `pruner` an evaluation that is behind by what its trainer reports on the way is ended early. It
    is judged by what was known when it began, its trial fails as stopped, and the sampler learns from its last report.

    Settings:
        sampler: `tpe`, `gp`, `cmaes`, `nsgaii`, `nsgaiii`, `qmc`, `random`, `brute_force`, `partial_fixed`, their
            settings in Optuna's words behind them (`tpe multivariate=false`); `optunahub:samplers/NAME`, a package
            that OptunaHub has downloaded, or `optunahub:FOLDER`; or `module:Class`.
        startup: random trials before the model is used; for the genetic samplers the size of the population.
        pruner: `median`, `percentile`, `sha` (successive halving), `hyperband`, `patient`, `threshold` or
            `wilcoxon`, its settings in Optuna's words behind it (`median n_warmup_steps=2`); None lets all go on.
    """

    def __init__(
        self,
        space: SearchSpace[Any],
        objectives: Objectives,
        seed: int,
        *,
        sampler: str = "tpe",
        startup: int = 10,
        pruner: str | None = None,
    ) -> None:
        super().__init__(space, objectives, seed)
        if startup < 0:
            raise UsageError(f"startup cannot be negative, got {startup}.")
        self.sampler = sampler
        self.startup = startup
        self._defaults = defaults_of(space)
        self._study = self._new_study()
        self._pruning = None if pruner is None else self._new_pruning(pruner)

    def ask(self, n: int, progress: float) -> list[Proposal]:
        return [] if self._study.exhausted else [self._propose() for _ in range(n)]

    def tell(self, results: Sequence[Result]) -> Collection[int]:
        for result in results:
            metrics = result.outcome.metrics if result.outcome else None
            course = () if self._pruning is None else self._pruning.course(result)
            self._study.tell(result.proposal.trial, metrics, course)
            if self._pruning is not None:
                self._pruning.tell(result)
        return [result.proposal.trial for result in results]

    def watch(self, proposal: Proposal) -> Watch | None:
        return None if self._pruning is None else self._pruning.watch(proposal.trial)

    def state_dict(self) -> dict[str, Any]:
        state = self._study.dump()
        return state if self._pruning is None else {**state, "pruning": self._pruning.dump()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._study = self._new_study()
        self._study.load(state, self.space.build, self._defaults)
        if self._pruning is not None:
            self._pruning.load(state["pruning"])

    def _propose(self) -> Proposal:
        trial, candidate, trace = self._study.ask(self.space.build, self._defaults)
        return Proposal(trial, 0, candidate, choices=trace)

    def _new_pruning(self, pruner: str) -> Pruning:
        from automl.controllers._pruning import Pruning

        return Pruning(pruner, self.objectives)

    def _new_study(self) -> PrivateStudy:
        from automl.controllers._private_study import PrivateStudy

        return PrivateStudy(self.objectives, self.sampler, self.startup, self.seed)
