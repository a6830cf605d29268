"""What a run directory holds, finished or still running, as one read-only record.

`show`, `report`, `export` and `sync` read a study through it and never touch the ledger themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from automl.core.budget import Spent
from automl.core.domains import Value
from automl.core.objectives import Objective
from automl.core.records import Json, Metrics, Result, Trial, mean_metrics
from automl.core.tracker import StudyInfo
from automl.final import Final

Scale: TypeAlias = Literal["evaluations", "cost", "seconds"]


_FRONT_FINALISTS = 5


@dataclass(frozen=True)  # no slots: what is derived is worked out once, and kept
class Archive:
    """A study as it lies in its directory.

    Attributes:
        directory: the run directory.
        info: what the study is.
        trials: the closed trials, in the order of closing, and behind them those that are open: still on their way, or
            cut short by the end of the budget.
        summary: what `summary.json` holds; None while the study runs or after it was interrupted.
        baselines: other searches of the same space at the same budget, by the name of their controller.
        spent: what the study has used.
        header: what else the ledger knows. The report reads `cost_unit` (str), the controller's `diagnostics` (list
            of [evaluations, {name: number}]), `finals`, what `Final.load` reads, and of the trainer
            `oracles` and `trade_off`, as texts of objectives (min:error).
        dump: how to write the candidate of a result as JSON; where the ledger was read they are JSON already.
    """

    directory: Path
    info: StudyInfo
    trials: tuple[Trial, ...]
    summary: Mapping[str, Any] | None
    baselines: Mapping[str, Archive]
    spent: Spent
    header: Mapping[str, Json]
    dump: Callable[[Any], Json] = lambda candidate: candidate

    @cached_property
    def ranked(self) -> tuple[Trial, ...]:
        """The trials that succeeded, best first; those beyond a limit come last."""
        return tuple(self.info.objectives.rank(self.trials))

    @cached_property
    def best(self) -> Trial | None:
        """The best trial within the limits, by the first objective; None if there is none.

        Where several trials of a search for one objective were trained in full, it is the best of them by that: the
        luckiest of many short measurements is not always the best of few long ones.
        """
        several = len(self.info.objectives.goals) > 1  # of equals by the first, one of the front
        first = next(iter(self.front if several else self.ranked), None)
        if first is None or not self.info.objectives.feasible(first.metrics):
            return None
        if len(self._rivals) < 2:
            return first
        score = self.info.objectives.goals[0].score
        rivals = (trial for trial in self.ranked if trial.number in self._rivals)
        return max(rivals, key=lambda trial: score(self._rivals[trial.number].metrics))

    @cached_property
    def best_metrics(self) -> Metrics:
        """What the best trial is to be reported by: what the search measured, unless full trainings decided.

        They are fresh measurements then; what the search measured made it a finalist, and is flattered by that.
        """
        if self.best is None:
            return {}
        decided = self._rivals.get(self.best.number) if len(self._rivals) > 1 else None
        return decided.metrics if decided else self.best.metrics

    @cached_property
    def finals(self) -> tuple[Final, ...]:
        """The full trainings, in the order in which they ended."""
        bodies = self.header.get("finals")
        return tuple(map(Final.load, bodies)) if isinstance(bodies, list) else ()

    @cached_property
    def finals_of_best_first(self) -> tuple[Final, ...]:
        """The full trainings, those of the best trial first."""
        best = self.best.number if self.best else None
        return tuple(sorted(self.finals, key=lambda final: final.trial != best))

    def best_final(self, trial: int) -> Final | None:
        """Return the full training of a trial that was best by the first objective; None if none succeeded."""
        goal = self.info.objectives.goals[0]
        own = [final for final in self.finals if final.trial == trial and goal.metric in final.metrics]
        return max(own, key=lambda final: goal.score(final.metrics), default=None)

    @cached_property
    def _rivals(self) -> Mapping[int, Final]:
        """The better full training of every trial that competes by it; those of a front or a budget do not."""
        if len(self.info.objectives.goals) > 1 or self.by_budget:
            return {}
        found = {final.trial: self.best_final(final.trial) for final in self.finals}
        return {trial: final for trial, final in found.items() if final}

    def finalists(self, wanted: int | None, defaults: Sequence[Mapping[str, Value]] = ()) -> tuple[Trial, ...]:
        """Return the trials to train in full: the best; with several objectives those of the front.

        Where plans were proposed for budgets, the best at each budget is one of them. Where several compete for one
        objective, every default that was tried competes beside them: one measurement may have put it behind the others,
        and it is what a search must not lose to.

        Args:
            wanted: how many, without the defaults; None is one for each budget, else one for one objective, and five of
                a front.
            defaults: answers that make the candidates one would take without a search (`Defaulting`).
        """
        if self.by_budget:
            return tuple(trials[0] for trials in self.by_budget.values())[:wanted]
        if len(self.info.objectives.goals) == 1:
            feasible = [trial for trial in self.ranked if self.info.objectives.feasible(trial.metrics)]
            best = feasible[: 1 if wanted is None else wanted]
            return tuple(best if len(best) < 2 else [*best, *_usual(feasible, defaults, best)])
        most = _FRONT_FINALISTS if wanted is None else wanted
        front = self.front
        if len(front) <= most:
            return front
        places = {round(i * (len(front) - 1) / max(1, most - 1)) for i in range(most)}
        return tuple(front[place] for place in sorted(places))

    def winners(self, finalists: Sequence[Trial]) -> tuple[Trial, ...]:
        """Return those of the finalists that are handed over, and tested: of several that compete only the best.

        Those of a front, and the best at each budget, do not compete.
        """
        if self.by_budget or len(self.info.objectives.goals) > 1 or self.best is None:
            return tuple(finalists)
        return (self.best,)

    @cached_property
    def by_budget(self) -> Mapping[str, tuple[Trial, ...]]:
        """By budget that candidates were proposed for (a choice named `budget`), the trials in it, best first.

        Trials beyond a limit are left out. Budgets come in the order in which the controller took them up.
        """
        found: dict[str, list[Trial]] = {}
        for trial in self.ranked:
            asked = trial.choices.get("budget")
            if asked is not None and self.info.objectives.feasible(trial.metrics):
                found.setdefault(str(asked.value), []).append(trial)
        first = {budget: min(trial.number for trial in trials) for budget, trials in found.items()}
        return {budget: tuple(found[budget]) for budget in sorted(found, key=first.__getitem__)}

    @cached_property
    def front(self) -> tuple[Trial, ...]:
        """The trials within the limits that no other dominates, best first objective first."""
        return tuple(self.info.objectives.front(self.trials))

    @cached_property
    def failed(self) -> tuple[Trial, ...]:
        """The trials of which no evaluation succeeded, and that were not stopped, in the order of their numbers."""
        lost = (t for t in self.trials if t.judged is None and not t.stopped)
        return tuple(sorted(lost, key=lambda t: t.number))

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """Every evaluation of the trials, in the order of asking."""
        return tuple(sorted((r for trial in self.trials for r in trial.results), key=lambda r: r.id))

    @cached_property
    def oracles(self) -> Mapping[str, Result]:
        """By metric that nothing may select by, the evaluation within the limits that was best by it."""
        found = {}
        for goal in map(Objective, self._named("oracles")):
            seen = [result for result in self._valid if goal.metric in result.metrics]
            if seen:
                found[goal.metric] = max(seen, key=lambda r, goal=goal: (goal.score(r.metrics), -r.id))  # type: ignore[misc]
        return found

    @cached_property
    def trade_off(self) -> tuple[Objective, ...]:
        """The two metrics of the trainer's trade-off, each with its direction; empty if it names none."""
        return tuple(map(Objective, self._named("trade_off")))

    @cached_property
    def trade_off_front(self) -> tuple[Result, ...]:
        """The evaluations within the limits that no other dominates in both metrics of the trade-off, best first.

        Differences in the tenth digit of what a metric spans are rounding, and gain nothing.
        """
        metrics = [goal.metric for goal in self.trade_off]
        known = [r for r in self._valid if metrics and all(name in r.metrics for name in metrics)]
        if not known:
            return ()
        first, second = (_steps([goal.score(r.metrics) for r in known]) for goal in self.trade_off)
        front: list[int] = []
        for i in sorted(range(len(known)), key=lambda i: (-first[i], -second[i], known[i].id)):
            if not front or second[i] > second[front[-1]]:
                front.append(i)
        return tuple(known[i] for i in front)

    @cached_property
    def _counting(self) -> Mapping[int, Metrics]:
        """What a trial may be judged by: the metrics of its measurements, by the last evaluation of each."""
        tentative = bool(self.best and self.best.tentative)
        found: dict[int, Metrics] = {}
        for trial in self.trials:
            if trial.judged is None or trial.tentative > tentative:
                continue
            for same in _measurements(trial):
                judged_so = all(result.proposal.tentative for result in same) == trial.tentative
                if judged_so and same[0].proposal.effort == trial.judged.proposal.effort:
                    found[max(result.id for result in same)] = mean_metrics(same)
        return found

    @cached_property
    def _valid(self) -> tuple[Result, ...]:
        """The evaluations that succeeded within the limits."""
        return tuple(r for r in self.results if r.outcome and self.info.objectives.feasible(r.metrics))

    def _named(self, key: str) -> list[str]:
        named = self.header.get(key)
        return [str(text) for text in named] if isinstance(named, list) else []

    @cached_property
    def counts_cost(self) -> bool:
        """Whether the trainer counted what its evaluations consumed."""
        return any(r.outcome and r.outcome.cost > 0 for r in self.results)

    @cached_property
    def parents(self) -> Mapping[int, int]:
        """The number of the trial each trial started its weights from; trials that started afresh are absent.

        Only the first evaluation of a trial counts: later ones continue the trial itself.
        """
        owner = {result.id: trial.number for trial in self.trials for result in trial.results}
        found = {}
        for trial in self.trials:
            parent = trial.results[0].proposal.parent if trial.results else None
            if parent is not None and owner.get(parent, trial.number) != trial.number:
                found[trial.number] = owner[parent]
        return found

    def lineage(self, trial: int) -> list[int]:
        """Return the numbers of the trials from the first ancestor to `trial`, both included."""
        parents, path = self.parents, [trial]
        while path[-1] in parents:
            path.append(parents[path[-1]])
        return path[::-1]

    def spending(self, by: Scale = "evaluations") -> Iterator[tuple[Result, float]]:
        """Yield every evaluation with what the study had spent when it ended, in the order of asking.

        Args:
            by: evaluations; cost in the trainer's unit; or seconds, summed over evaluations, not wall time. A
                copied evaluation counts as an evaluation and costs nothing.
        """
        total = 0.0
        for result in self.results:
            if by == "evaluations":
                total += 1
            elif result.copied is None:
                total += result.seconds if by == "seconds" else (result.outcome.cost if result.outcome else 0.0)
            yield result, total

    def best_so_far(self, by: Scale = "evaluations") -> list[tuple[float, float]]:
        """Return the corners of the curve of the best: what was spent, and the first objective's best so far.

        One pair for each improvement, and a last one where the spending ends. An evaluation counts when it is
        measured, if its trial may be judged by it: within the limits, and of the trial's highest effort; with its
        repetitions when the last of them is measured. What was stopped early counts only where everything was. So the
        curve ends at the best trial. Empty while nothing counts.
        """
        objectives = self.info.objectives
        goal, corners, spent = objectives.goals[0], list[tuple[float, float]](), 0.0
        best, counting = -float("inf"), self._counting
        for result, spent in self.spending(by):
            metrics = counting.get(result.id)
            if metrics and goal.score(metrics) > best and objectives.feasible(metrics):
                best = goal.score(metrics)
                corners.append((spent, float(metrics[goal.metric])))
        if corners and spent > corners[-1][0]:
            corners.append((spent, corners[-1][1]))
        return corners


def _usual(feasible: Sequence[Trial], defaults: Sequence[Mapping[str, Value]], best: Sequence[Trial]) -> list[Trial]:
    """Return the best trial of every default that none of the best few is, in the order of the defaults."""
    found: list[Trial] = []
    for answers in defaults:
        tried = next((trial for trial in feasible if _is_made_by(trial, answers)), None)
        if tried is not None and tried not in (*best, *found):
            found.append(tried)
    return found


def _is_made_by(trial: Trial, answers: Mapping[str, Value]) -> bool:
    """Say whether answers made a trial's candidate: they may answer more than was asked."""
    return all(name in answers and answers[name] == choice.value for name, choice in trial.choices.items())


def _measurements(trial: Trial) -> Iterable[Sequence[Result]]:
    """Return the successful evaluations of a trial, each together with its repetitions."""
    same: dict[int, list[Result]] = {}
    for result in trial.results:
        if result.outcome:
            same.setdefault(result.measurement, []).append(result)
    return same.values()


def _steps(scores: Sequence[float]) -> list[int]:
    """Return scores as whole steps of a billionth of what they span."""
    low, span = min(scores), max(scores) - min(scores)
    return [round(1e9 * (score - low) / span) if span else 0 for score in scores]
