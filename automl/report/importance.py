"""Which choices decided whether a trial was good: PED-ANOVA, over the trials as Optuna sees them.

Watanabe, Bansal and Hutter: PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary subspaces. IJCAI
2023. Choices that only some trials had to make are handled as Optuna does.
"""

from __future__ import annotations

import html
import logging
import math
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from automl.archive import Archive
from automl.core.records import Result, Trial
from automl.report import look, words
from automl.report.section import Section

FEWEST = 10
"""With fewer trials all of it is noise."""
MOST_TRIALS, MOST_NAMES, MOST_BARS = 1000, 60, 12
_GOOD, _LEAST_GOOD = 0.1, 5


def section(archive: Archive) -> Section | None:
    """Return the importance of the choices, or None with too few trials or fewer than two choices."""
    shares = importances(archive)
    if len(shares) < 2:
        return None
    shown = list(shares.items())[:MOST_BARS]
    common = words.common_prefix(list(shares))
    names = [html.escape(words.shortened(name.removeprefix(common), 34)) for name, _ in shown]
    figure = look.drawing(max(120, 20 + 27 * len(shown)), showlegend=False, margin={"l": 8, "r": 40, "t": 4, "b": 4})
    figure.add_bar(
        x=[share for _, share in shown], y=names, orientation="h",
        marker={"color": look.ACCENT}, width=0.62, hoverinfo="skip",
        text=[f"{100 * share:.0f}{words.SPACE}%" for _, share in shown], textposition="outside", cliponaxis=False,
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    figure.update_xaxes(showticklabels=False, showline=False, ticks="", rangemode="tozero")
    return Section("What mattered", _note(archive, len(shares)), (figure,), wide=False)


def _note(archive: Archive, known: int) -> str:
    share = 100 * _good(min(len(considered(archive)), MOST_TRIALS))
    note = f"How far each choice decided whether a trial was among the best {share:.0f} % (PED-ANOVA)."
    if known > MOST_BARS:
        note += f" The first {MOST_BARS} of {known}."
    few = len(considered(archive)) < 50
    return note + (" With so few trials only the largest mean something." if few else "")


def considered(archive: Archive) -> Sequence[Trial]:
    """Return the trials that succeeded, were measured to the end and made choices."""
    return [trial for trial in archive.ranked if trial.choices and not trial.tentative]


def importances(archive: Archive) -> Mapping[str, float]:
    """Return the share of each choice, the largest first; empty with too few trials.

    Of many trials an even part counts, of many choices those that most trials made.
    """
    trials = considered(archive)
    if len(trials) < FEWEST:
        return {}
    some = look.thinned(trials, set(), MOST_TRIALS)
    made = Counter(name for trial in some for name in trial.choices)
    names = {name for name, times in made.most_common(MOST_NAMES) if times >= FEWEST}
    return _evaluated(archive, some, names)


def _evaluated(archive: Archive, trials: Sequence[Trial], names: set[str]) -> Mapping[str, float]:
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator

    from automl.tracking._optuna_trials import Projection

    goals = archive.info.objectives.goals
    projection = Projection(archive.info.objectives)
    logger = logging.getLogger("optuna.storages._in_memory")
    logger.addFilter(_no_news)
    try:
        study = optuna.create_study(directions=["maximize" if g.direction == "max" else "minimize" for g in goals])
    finally:
        logger.removeFilter(_no_news)
    chosen = [replace(trial, results=tuple(_only(result, names) for result in trial.results)) for trial in trials]
    projected = [projection.project(trial) for trial in chosen]
    study.add_trials([each.freeze() for each in projected if each.values is not None and each.parameters])
    asked = PedAnovaImportanceEvaluator(target_quantile=_good(len(study.trials)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values that are all equal, which have no importance
        shares: dict[str, float] = asked.evaluate(study)
    total = sum(share for share in shares.values() if math.isfinite(share))
    found = {name: share / total for name, share in shares.items() if math.isfinite(share)} if total else {}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _only(result: Result, names: set[str]) -> Result:
    """Return a result whose proposal made no other choices."""
    choices = {name: choice for name, choice in result.proposal.choices.items() if name in names}
    return replace(result, proposal=replace(result.proposal, choices=choices), curve=())


def _no_news(record: logging.LogRecord) -> bool:
    """Drop Optuna's line about the study that is made to ask about; errors pass."""
    return record.levelno > logging.INFO


def _good(trials: int) -> float:
    return max(_GOOD, min(0.5, _LEAST_GOOD / trials))
