"""The head of the page: what was searched, what came out, what it took, and what to type next."""

from __future__ import annotations

import html
import shlex

from automl.archive import Archive
from automl.core.records import Trial
from automl.report import picture, words
from automl.summary import failures


def headline(archive: Archive) -> str:
    """Return the head of the page as HTML."""
    info = archive.info
    facts = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in _facts(archive))
    return (
        f'<p class="over">{html.escape(info.space)} <span>searched by</span> {html.escape(info.controller)}'
        f"{_state(archive)}</p>\n<h1>{html.escape(info.name)}</h1>\n"
        f'<p class="lead">{_sentence(archive)}</p>\n<dl class="facts">{facts}</dl>\n'
        f"{_remarks(archive)}{_failures(archive)}{picture.figure(archive)}{_candidate(archive)}{_commands(archive)}"
    )


def _unfinished(archive: Archive) -> bool:
    return archive.summary is None or archive.summary.get("stopped_by") == "interruption"


def _state(archive: Archive) -> str:
    return ' <b class="badge">not finished</b>' if _unfinished(archive) else ""


def _sentence(archive: Archive) -> str:
    """Say the best result, and how it stands against the first baseline."""
    best = archive.best
    if best is None:
        if archive.ranked:
            return f"No trial has respected the limits yet ({html.escape(str(archive.info.objectives))})."
        return "No trial has succeeded yet." if archive.trials else "No trial has ended yet."
    goal, *others = archive.info.objectives.goals
    value = words.measured(goal.metric, archive.best_metrics[goal.metric])
    full = "" if archive.best_metrics is best.metrics else " in full training"
    said = f"<strong>{value}</strong> {html.escape(words.spoken(goal.metric))}{_with(archive, best)}{full}"
    place = f"the first of {len(archive.front)} on the front, out" if others else "the best"
    return f"{said}: {place} of {words.counted(len(archive.trials), 'trial')}{_against(archive)}."


def _with(archive: Archive, best: Trial) -> str:
    names = [goal.metric for goal in archive.info.objectives.goals[1:]] or ["params"]
    said = [
        f"{words.measured(name, best.metrics[name])} {html.escape(words.spoken(name))}"
        for name in names
        if name in best.metrics and name != archive.info.objectives.goals[0].metric
    ]
    return f" with {' and '.join(said)}" if said else ""


def _against(archive: Archive) -> str:
    goal = archive.info.objectives.goals[0]
    named = [(name, other.best_metrics) for name, other in archive.baselines.items() if other.best]
    if not named or archive.best is None:
        return ""
    name, other = min(named, key=lambda pair: pair[0] != "random")
    value = other[goal.metric]
    gap = goal.score(archive.best_metrics) - goal.score(other)
    stand = (
        "as good as" if gap == 0 else f"{words.difference(goal.metric, gap)} {'better' if gap > 0 else 'worse'} than"
    )
    spent = _spent_beside(archive, archive.baselines[name])
    return f", {stand} {html.escape(name)} search ({words.measured(goal.metric, value)}{spent})"


def _spent_beside(archive: Archive, other: Archive) -> str:
    """Name a baseline's spending where it differs: in cost if that was counted, else in evaluations."""
    costly = archive.spent.cost > 0 and other.spent.cost > 0
    own, its = (a.spent.cost if costly else a.spent.evaluations for a in (archive, other))
    share = its / own if own else 1.0
    return "" if 0.9 <= share <= 1.1 else f" at {share:.2g} times the {'cost' if costly else 'evaluations'}"


def _facts(archive: Archive) -> list[tuple[str, str]]:
    info, spent = archive.info, archive.spent
    counts = {"failed": len(archive.failed), "stopped early": sum(trial.stopped for trial in archive.trials)}
    trials = f"{len(archive.trials):,}" + "".join(f" <small>{n:,} {how}</small>" for how, n in counts.items() if n)
    facts = [("Objectives", "<br>".join(map(html.escape, str(info.objectives).split(", "))))]
    facts += [("Trials", trials), ("Evaluations", f"{spent.evaluations:,}")]
    facts.append(("Time", words.duration(spent.seconds)))
    if spent.cost > 0:
        unit = html.escape(str(archive.header.get("cost_unit") or ""))
        facts.append(("Cost", f"{words.number(spent.cost)} <small>{unit}</small>"))
    return [*facts, ("Trainer", html.escape(info.trainer)), ("Seed", str(info.seed))]


def _remarks(archive: Archive) -> str:
    """What the trainer has to say about the winner, and the best that an oracle saw on the way."""
    said = [str(text) for text in (archive.summary or {}).get("remarks") or ()]
    for metric, result in archive.oracles.items():
        value = words.measured(metric, result.metrics[metric])
        said.append(
            f"Oracle: the best {words.spoken(metric)} seen is {value}, in trial {result.proposal.trial}; "
            "nothing could select by it."
        )
    return "".join(f'<p class="remark">{html.escape(text)}</p>\n' for text in said)


def _failures(archive: Archive) -> str:
    """Why evaluations failed, the most common reasons."""
    said = (
        f'<span class="bad">{failure["count"]:,} failed:</span> {html.escape(failure["message"])}'
        for failure in failures(archive)
    )
    return "".join(f'<p class="remark">{text}</p>\n' for text in said)


def _candidate(archive: Archive) -> str:
    if archive.best is None:
        return ""
    text = html.escape(words.shortened(words.indented(archive.best.candidate), 20_000))
    title = f"The best candidate, trial {archive.best.number}"
    return f"<details><summary>{title}</summary><pre>{text}</pre></details>\n"


def _commands(archive: Archive) -> str:
    """What to type next: continue, take the best along, look closer."""
    run = shlex.quote(str(archive.directory))
    lines = [(f"automl resume {run}", "continue the search")] if _unfinished(archive) else []
    if archive.best:
        out = shlex.quote(f"{archive.info.space}-best")
        export = f"automl export {run} --trial {archive.best.number} --out {out}"
        lines.append((export, "take the best along"))
    lines += [(f"automl show {run} --front", "the front, in the terminal")]
    lines += [(f"automl dashboard {run}", "every trial, in Optuna's dashboard")]
    rows = "".join(f"<code>{html.escape(line)}</code><span>{what}</span>" for line, what in lines)
    return f'<div class="next">{rows}</div>'
