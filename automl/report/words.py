"""How the report says things: numbers, metrics, durations, a trial in a few lines."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

from automl.core.objectives import Objective
from automl.core.records import Json, Metrics, Trial

SPACE = "\u00a0"
DASH = "\u2013"
_SHARES = {"accuracy", "acc", "auc", "f1", "recall", "precision", "fidelity"}
_SPOKEN = {
    "val": "validation",
    "params": "parameters",
    "macs": "MACs",
    "auc": "AUC",
    "f1": "F1",
    "acc": "accuracy",
}
_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def number(value: float) -> str:
    """Say a number in at most five characters or so: 42, 0.0123, 1,234, 12.3k, 1.2M."""
    if not math.isfinite(value):
        return DASH
    size = abs(value)
    if size >= 9_999.5:
        step, prefix = next((s, p) for s, p in _PREFIXES if size >= s * 0.9995)
        return f"{value / step:.3g}{prefix}" if size < 9.995e17 else f"{value:.3g}"
    if float(value).is_integer() or size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if size >= 1e-4 else f"{value:.2e}"


def is_share(metric: str) -> bool:
    """Say whether a metric is a share between 0 and 1 that people read in per cent."""
    return bool(_SHARES & set(re.split(r"[_./-]", metric.lower())))


def measured(metric: str, value: float | None) -> str:
    """Say the value of a metric, in per cent where that is how it is read."""
    if value is None or not math.isfinite(value):
        return DASH
    if is_share(metric) and 0 <= value <= 1:
        return f"{100 * value:.{2 if 0.99 <= value < 1 else 1}f}{SPACE}%"
    if abs(value) >= 1000 or float(value).is_integer():
        return number(value)
    if abs(value) < 1e-4:  # six digits of what is mostly rounding would only be long
        return f"{value:.1e}"
    return max(f"{value:.6g}", f"{value:#.4g}", key=len)


def difference(metric: str, value: float) -> str:
    """Say how far apart two values of a metric are, without a sign; of shares in points."""
    if is_share(metric):
        points = f"{100 * abs(value):.1f}"
        return f"{points}{SPACE}point{'' if points == '1.0' else 's'}"
    return number(abs(value))


def spoken(metric: str) -> str:
    """Say the name of a metric: `val_accuracy` is validation accuracy."""
    return " ".join(_SPOKEN.get(word, word) for word in re.split(r"[_/]", metric))


def common_prefix(names: Sequence[str]) -> str:
    """Return the part before the first slash, with it, if all names begin with the same."""
    first = names[0].partition("/")[0] + "/" if names else ""
    return first if all(name.startswith(first) for name in names) else ""


def better(goal: Objective) -> str:
    """Say which direction is better."""
    return "higher is better" if goal.direction == "max" else "lower is better"


def duration(seconds: float) -> str:
    """Say a time in its two largest units."""
    if seconds < 9.95:
        return f"{seconds:.2g}{SPACE}s"
    whole = round(seconds)
    for size, unit, small, below in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size}{SPACE}{unit}" + (f" {rest}{SPACE}{below}" if rest else "")
    return f"{whole}{SPACE}s"


def counted(many: int, thing: str) -> str:
    """Say how many: 1 trial, 2 trials."""
    return f"{many:,}{SPACE}{thing}{'' if many == 1 else 's'}"


def shortened(text: str, length: int) -> str:
    """Cut a text that is too long, and show that it was cut."""
    return text if len(text) <= length else text[: length - 1] + "\u2026"


def compact(candidate: Json) -> str:
    """Write a candidate on one line, without the quotation marks that plain words do not need."""
    return re.sub(r'"([A-Za-z_][\w./-]*)"', r"\1", json.dumps(candidate, ensure_ascii=False))


def decisions(trial: Trial) -> str:
    """Say the choices that built a trial's candidate; of yes-or-no questions only those answered yes."""
    said = []
    for name, choice in trial.choices.items():
        if choice.value is True:
            said.append(name)
        elif choice.value is not False:
            value = number(choice.value) if isinstance(choice.value, float) else str(choice.value)
            said.append(f"{name}={value}")
    return ", ".join(said)


def listed(metrics: Metrics, first: tuple[str, ...] = (), most: int = 6) -> list[str]:
    """Say the metrics one by one, those of the objectives first."""
    names = [*first, *(name for name in metrics if name not in first)]
    return [f"{spoken(name)} {measured(name, metrics[name])}" for name in names if name in metrics][:most]


def failure(trial: Trial) -> str:
    """Say why a trial failed: its last error."""
    errors = [result.error for result in trial.results if result.error]
    return f"{errors[-1].kind.replace('_', ' ')}: {errors[-1].message}" if errors else "no result"


def indented(candidate: Json) -> str:
    """Write a candidate over several lines, with short lists left on one."""
    text = json.dumps(candidate, ensure_ascii=False, indent=2)
    return re.sub(r"[\[{][^\[\]{}]{0,160}[\]}]", lambda m: re.sub(r"\s+", " ", m.group()), text)
