from __future__ import annotations

import io
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console as Terminal

from automl.core.records import Outcome, Trial
from automl.testing.trackers import (
    TrackerContract,
    failed_trial,
    long_trial,
    show,
    summary_of,
    tower_study,
    tower_trials,
)
from automl.tracking._bar import Bar
from automl.tracking._progress import Progress
from automl.tracking.console import Console
from automl.tracking.numbers import duration, number
from automl.tracking.result_table import front_table, fronts, result_table, short


class TestConsole(TrackerContract):
    @pytest.fixture
    def make(self):
        return lambda: Console(terminal=False)


class TestConsoleBar(TrackerContract):
    @pytest.fixture
    def make(self):
        return lambda: Console(terminal=True)


def now(trials: list[Trial]) -> list[Trial]:
    """Return the trials as if they were closed after the study was opened."""
    return [replace(trial, finished=time.time() + 60 + trial.number) for trial in trials]


def test_plain_lines_go_to_stderr(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    trials = now([*tower_trials(40), failed_trial(40)])
    tracker = Console(terminal=False)
    show(tracker, tower_study(tmp_path), trials)
    tracker.close()
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0].startswith("towers: towers by random, 60 trials")
    best, improvements = 0.0, 0
    for trial in trials[:40]:
        improvements += trial.metrics["val_accuracy"] > best
        best = max(best, trial.metrics["val_accuracy"])
    told = [line for line in lines if re.match(r"\[\d+/60\] best val_accuracy", line)]
    assert len(told) == improvements
    assert f"{best:.4f}" in told[-1]
    others = [line for line in lines[1:-1] if line not in told]
    assert len(others) <= 41 / 6 + 1  # at most one per tenth of the budget
    assert "1 failed" in lines[-1]


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tracker = Console(quiet=True, terminal=True)
    show(tracker, tower_study(tmp_path), now(tower_trials(5)))
    tracker.close()
    assert capsys.readouterr() == ("", "")


def test_what_was_closed_before_is_counted_and_not_told_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trials = tower_trials(10)
    tracker = Console(terminal=False)
    tracker.opened(tower_study(tmp_path))
    for trial in trials[:9]:
        tracker.closed(trial)
    assert capsys.readouterr().err.count("\n") == 1
    tracker.closed(replace(now(trials)[9], number=9))
    assert capsys.readouterr().err.startswith("[10/60]")


def test_a_bar_shows_the_best(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tracker, trials = Console(terminal=True), tower_trials(5)
    show(tracker, tower_study(tmp_path), trials)
    tracker.close()
    out, err = capsys.readouterr()
    assert out == ""
    best = max(trial.metrics["val_accuracy"] for trial in trials)
    assert "5/60" in err
    assert f"{best:.4f}" in err


def test_a_budget_of_time_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    study = replace(tower_study(tmp_path), settings={"time": "10m"}, total=None)
    for terminal, told in ((True, "of 10m 00s"), (False, "towers by random, 10m 00s, seed")):
        tracker = Console(terminal=terminal)
        tracker.opened(study)
        tracker.close()
        assert told in re.sub(r"\s+", " ", capsys.readouterr().err)
    Console(terminal=False).opened(replace(study, settings={"cost": 1e9}))
    assert "towers by random, seed" in capsys.readouterr().err


def test_evaluations_are_counted_where_they_are_the_budget(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    study = replace(tower_study(tmp_path), settings={"evaluations": 30, "trials": None}, total=30)
    (trial,) = now(tower_trials(1))
    tracker = Console(terminal=False)
    tracker.opened(study)
    tracker.closed(replace(trial, results=trial.results * 3))
    assert "[3/30]" in capsys.readouterr().err


def test_a_long_trial_moves_the_bar_and_shows_its_evaluations(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    tracker = Console(terminal=True)
    tracker.opened(replace(tower_study(tmp_path), total=4))
    for result in long_trial(0, 400).results:
        tracker.measured(result)
    tracker.closed(long_trial(0, 400))
    for result in long_trial(1, 200).results:
        tracker.measured(result)
    time.sleep(0.11)
    tracker.measured(replace(long_trial(1, 201).results[-1], id=999))
    assert 1.4 < tracker._state.done < 1.6
    tracker.close()
    err = capsys.readouterr().err
    assert "trial 1 open, 201 evaluations of 601" in re.sub(r"\s+", " ", err)
    assert "best val_accuracy" in err


def test_a_long_trial_is_alive_also_without_a_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl.tracking._progress.EVERY_SECONDS", 0.0)
    tracker, path = Console(terminal=False), long_trial(0, 30)
    tracker.opened(tower_study(tmp_path))
    for result in path.results:
        tracker.measured(result)
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("[0/60] trial 0 open, 30 evaluations of 30; best val_accuracy ")
    assert number(path.metrics["val_accuracy"]) in line


def test_the_best_is_that_of_the_highest_effort_of_an_open_trial(tmp_path: Path) -> None:
    state = Progress(tower_study(tmp_path))
    low, high = long_trial(0, 2).results
    state.visit(replace(low, outcome=Outcome({"val_accuracy": 0.9}), proposal=replace(low.proposal, effort=0.1)))
    assert "0.9000" in state.best
    state.visit(replace(high, outcome=Outcome({"val_accuracy": 0.7})))
    assert "0.7000" in state.best


def test_improvements_too_small_for_four_decimals_can_be_told_apart(tmp_path: Path) -> None:
    state = Progress(tower_study(tmp_path))
    for trial, value in enumerate((0.123456, 0.123461)):
        result = replace(long_trial(trial, 1).results[0], outcome=Outcome({"val_accuracy": value}))
        state.count(replace(long_trial(trial, 1), results=(result,)))
    assert state.best == "best val_accuracy 0.123461 (trial 1)"


def text(renderable: object, width: int = 110) -> str:
    stream = io.StringIO()
    Terminal(file=stream, width=width).print(renderable)
    return stream.getvalue()


SUMMARY = {
    "space": "cnn",
    "controller": "transformation",
    "seed": 3,
    "objectives": ["max:val_accuracy"],
    "trials": 60,
    "evaluations": 58,
    "failed": 2,
    "seconds": 92.4,
    "cost": 3.2e9,
    "cost_unit": "training MACs",
    "stopped_by": "trials",
    "best": {
        "trial": 37,
        "candidate": {"blocks": [[4, 8], [12]]},
        "metrics": {"val_accuracy": 0.9842, "params": 31204.0},
    },
    "front": [],
    "final": [
        {"trial": 37, "start": "kept", "metrics": {"val_accuracy": 0.985, "test_accuracy": 0.9811}},
        {"trial": 12, "start": "kept", "metrics": {"val_accuracy": 0.987, "test_accuracy": 0.9722}},
        {"trial": 37, "start": "scratch", "metrics": {"val_accuracy": 0.975, "test_accuracy": 0.9633}},
    ],
    "baselines": {
        "random": {
            "controller": "random",
            "trials": 40,
            "evaluations": 40,
            "cost": 3.1e9,
            "best": {"trial": 5, "candidate": {"blocks": [[8]]}, "metrics": {"val_accuracy": 0.971}},
            "final": [],
        }
    },
}


def test_the_table_sets_the_baseline_beside_the_search() -> None:
    shown = text(result_table(SUMMARY))
    row = {line.split()[0]: line.split() for line in shown.splitlines() if line.strip()}
    assert row["val_accuracy"][-2:] == ["0.9842", "0.9710"]
    assert row["params"][-2:] == ["31,204", "-"]
    assert row["trials"][-2:] == ["60", "40"]
    assert "blocks: [[4,8],[12]]" in shown
    assert "1m 32s" in shown


def test_the_finished_model_is_chosen_by_validation_never_by_test() -> None:
    shown = text(result_table(SUMMARY))
    assert "0.9722" in shown
    assert "0.9811" not in shown
    assert "0.9633" in shown


@pytest.mark.parametrize(
    "summary",
    [{}, {"best": None, "baselines": None, "final": None, "front": None}, {"baselines": {"random": None}}]
    + [{k: v for k, v in SUMMARY.items() if k != name} for name in SUMMARY],
)
def test_any_part_may_be_missing(summary: dict) -> None:
    assert text(result_table(summary))
    assert text(front_table(summary))


def test_a_front_is_listed(tmp_path: Path) -> None:
    study, trials = tower_study(tmp_path, "max:val_accuracy", "min:params"), tower_trials(30)
    summary = summary_of(study, trials)
    shown = text(result_table(summary))
    assert "Pareto front" in shown
    for entry in summary["front"][:12]:
        assert number(entry["metrics"]["params"]) in shown


def test_numbers_durations_and_candidates_are_readable() -> None:
    assert [number(v) for v in (31204.0, 0.98421, 3, 1e-5, None, 2.5e12, float("nan"))] == [
        "31,204", "0.9842", "3", "1.0e-05", "-", "2.5e+12", "nan",
    ]  # fmt: skip
    assert [duration(s) for s in (8.21, 92, 7500, None)] == ["8.2s", "1m 32s", "2h 05m", "-"]
    assert short({"candidate": {}, "text": "C16-C32-P"}) == "C16-C32-P"
    assert short({"candidate": {"blocks": [1, 2]}}) == "blocks: [1,2]"
    assert len(short({"candidate": {"blocks": list(range(99))}})) == 96


CIRCUITS = {
    "objectives": ["min:priced_energy"],
    "best": {"trial": 4, "open": True, "candidate": {}, "text": "ry0 cx0-1",
             "metrics": {"priced_energy": -1.136189, "energy": -1.136189, "error": 0.00108, "cnots": 3.0}},
    "oracle": {"noiseless_error": {"value": 4.5e-7, "trial": 2, "evaluation": 71}},
    "remarks": ["No CNOT pays for its own errors."],
    "trade_off": [{"trial": 4, "text": "ry0 cx0-1", "candidate": {}, "metrics": {"error": 1e-3, "cnots": 3.0}}],
    "front": [{"trial": 4, "candidate": {}, "metrics": {"error": 1e-3}}],
    "final": [
        {"trial": 4, "start": "kept", "metrics": {"priced_energy": -1.137269, "test_energy": -1.13, "cnots": 3.0}}
    ],
    "baselines": {"random": {"controller": "random", "best": {"metrics": {"priced_energy": -1.136174, "cnots": 3.0}}}},
}  # fmt: skip


def test_numbers_have_the_digits_that_tell_them_apart() -> None:
    row = {line.split()[0]: line.split() for line in text(result_table(CIRCUITS)).splitlines() if line.strip()}
    assert row["priced_energy"][1:] == ["-1.13619", "-1.13617"]
    assert row["error"][1:] == ["1.1e-03", "-"]
    assert row["cnots"][1:] == ["3", "3"]


def test_the_table_says_what_an_oracle_saw_what_was_remarked_and_that_a_trial_is_open() -> None:
    lines = text(result_table(CIRCUITS)).splitlines()
    label = next(i for i, line in enumerate(lines) if "oracle: best seen, not selectable" in line)
    assert lines[label + 1].split() == ["noiseless_error", "4.5e-07", "-"]
    assert "No CNOT pays for its own errors." in "".join(lines)
    assert any(line.split()[:4] == ["in", "trial", "4", "(open)"] for line in lines)


def test_full_training_shows_the_objective_and_the_test_and_nothing_it_left_alone() -> None:
    shown = text(result_table(CIRCUITS))
    assert "priced_energy, kept weights" in shown
    assert "test_energy, kept weights" in shown
    assert "cnots, kept weights" not in shown


def test_the_trade_off_stands_in_for_a_front_of_one_objective() -> None:
    shown = text(fronts(CIRCUITS))
    assert "Trade-off of all evaluations" in shown
    assert "Pareto front" not in shown
    assert "Pareto front" in text(fronts({**CIRCUITS, "objectives": ["min:error", "min:cnots"]}))
    assert "Pareto front" in text(fronts(SUMMARY))


def test_failures_explain_themselves_those_of_a_baseline_by_its_name() -> None:
    failed = [{"count": 1050, "kind": "invalid", "message": "The circuit has 4 qubits."}]
    random = {"controller": "random", "failures": [{"count": 2, "kind": "timeout", "message": "It took longer."}]}
    lines = [
        line.strip() for line in text(result_table({"failures": failed, "baselines": {"random": random}})).split("\n")
    ]
    assert "1,050 failed: The circuit has 4 qubits." in lines
    assert "random: 2 failed: It took longer." in lines


MANY = dict.fromkeys(("priced_energy", "energy", "noiseless_energy", "error", "cnots", "gates", "depth"), -1.136)
FRONT = {
    "objectives": ["min:priced_energy", "max:depth"],
    "front": [{"trial": n, "text": "rx0 " * 20, "metrics": {**MANY, "cnots": float(n)}} for n in range(3)],
}


@pytest.mark.parametrize(("width", "shown"), [(80, 3), (110, 5), (150, 7)])
def test_a_front_leaves_room_for_its_candidates(width: int, shown: int) -> None:
    lines = text(front_table(FRONT), width).splitlines()
    head = next(line for line in lines if "candidate" in line)
    assert {"priced_energy", "depth"} < set(head.split())
    assert len(head.split()) == shown + 2
    assert width - head.index("candidate") >= 32
    assert "…" not in head
    assert max(map(len, lines)) <= width


def test_a_narrow_bar_cuts_what_is_in_flight_and_no_number(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    bar = Bar("double_dqn", 40, None)
    bar.move(2, "best priced_energy -1.1372 (trial 1)", "trial 2 open, 12 evaluations of 83")
    bar.close()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)
    said = " ".join(plain.replace("\r", "\n").splitlines()[-1].split())
    assert "2/40 -:--:-- best priced_energy -1.1372 (trial 1) trial 2" in said
    assert said.endswith("…")


BUDGETS = {
    "objectives": ["max:val_auc", "min:bytes"],
    "budgets": {
        "1/4": {"trial": 1, "rule": "search", "text": "user 4/2, by search", "others": {"truncate": 0.69},
                "metrics": {"val_auc": 0.75, "val_auc_sd": 0.002, "bytes": 264000.0}},
        "1/8": {"trial": 6, "rule": "truncate", "text": "user 1/1, by truncate", "others": {}, "metrics": {
            "val_auc": 0.74, "bytes": 132000.0}},
        "1/16": {"trial": 9, "rule": "search", "text": "user 1/0, by search", "others": {}, "spread": 0.003,
                 "metrics": {"val_auc": 0.73, "bytes": 66000.0}},
    },
    "final": [{"trial": 1, "start": "kept", "metrics": {"val_auc": 0.76, "test_auc": 0.755}},
              {"trial": 1, "start": "scratch", "metrics": {"val_auc": 0.70, "test_auc": 0.799}}],
}  # fmt: skip


def test_every_budget_names_its_best_rule_and_what_the_others_came_to() -> None:
    quarter, eighth, sixteenth, *candidates = (
        line.split() for line in text(result_table(BUDGETS), 100).splitlines() if line.strip().startswith("1/")
    )
    assert quarter == ["1/4", "1", "264,000", "search", "0.7500", "±", "2.0e-03", "0.7550", "truncate", "0.6900"]
    assert eighth == ["1/8", "6", "132,000", "truncate", "0.7400", "-"]
    assert sixteenth == ["1/16", "9", "66,000", "search", "0.7300", "±", "3.0e-03", "-"]
    assert [line[0] for line in candidates] == ["1/4:", "1/8:", "1/16:"]
