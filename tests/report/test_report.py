"""The page: what is on it, what is not, and that nothing can break out of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import demo_archives as demo
import pytest

from automl.core.records import Outcome, Proposal, Result
from automl.report import write_report
from automl.report.look import MOST_DOTS
from automl.report.table import MOST_BEST, MOST_FAILED
from automl.report.trade_off import rounding
from automl.summary import failures


class Page(HTMLParser):
    """What a browser would find: headings, addresses, figures, the visible text."""

    def __init__(self, source):
        super().__init__()
        self.source, self.headings, self.addresses, self.figures, self.text, self.rows = source, [], [], [], "", 0
        self._open = []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self._open.append((tag, dict(attrs)))
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        self.rows += tag == "tr"

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tag, attrs = self._open[-1] if self._open else ("", {})
        if tag == "h2":
            self.headings.append(data)
        if attrs.get("type") == "application/json":
            self.figures.append(json.loads(data))
        elif tag not in ("script", "style"):
            self.text += data.replace("\u00a0", " ")


def page_of(archive, folder):
    return Page(write_report(archive, folder / "report.html").read_text(encoding="utf-8"))


EVERYTHING = [
    "Best so far", "Lineage", "Trade-off", "Learning curves", "What mattered", "Choices and results", "Finals",
    "Inside the controller", "Trials",
]  # fmt: skip
BARE = [heading for heading in EVERYTHING if heading not in ("What mattered", "Choices and results")]


def test_a_finished_study_shows_everything(tmp_path):
    archive = demo.full()
    page = page_of(archive, tmp_path)
    assert page.headings == EVERYTHING
    assert f"{100 * archive.best.metrics['val_accuracy']:.1f} % validation accuracy" in page.text
    assert "than random search" in page.text
    assert f"automl export runs/towers-demo --trial {archive.best.number}" in page.text
    assert "not finished" not in page.text
    assert "out of memory: The network did not fit into 2 GB." in page.text
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_the_page_fetches_nothing_and_holds_plotly_once(tmp_path):
    page = page_of(demo.full(20), tmp_path)
    assert page.addresses == ["data:,"]
    assert "default-src 'none'" in page.source
    assert page.source.count("plotly.js v") == 1
    assert "@import" not in page.source.split("</style>")[0]


def test_figures_name_their_colours_so_that_both_themes_work(tmp_path):
    page = page_of(demo.full(20), tmp_path)
    named = set(re.findall(r"var\((--[\w-]+)\)", json.dumps(page.figures)))
    known = set(re.findall(r"(--[\w-]+):", page.source.split("</style>")[0]))
    assert named
    assert named <= known
    assert not re.search(r'"#[0-9a-fA-F]{3,8}"', json.dumps(page.figures))


def test_a_running_study_says_how_to_continue(tmp_path):
    archive = replace(demo.full(12), summary=None)
    for unfinished in (archive, replace(archive, summary={"stopped_by": "interruption"})):
        page = page_of(unfinished, tmp_path)
        assert "not finished" in page.text
        assert "automl resume runs/towers-demo" in page.text


def test_nothing_yet(tmp_path):
    page = page_of(demo.archive(()), tmp_path)
    assert page.headings == []
    assert "No trial has ended yet." in page.text
    assert "plotly.js v" not in page.source


def test_no_success(tmp_path):
    trials = [demo.failed(n, demo.SPACE.root(), message=f"broken <{n}>") for n in range(3)]
    page = page_of(demo.archive(trials), tmp_path)
    assert page.headings == ["Trials"]
    assert "No trial has succeeded yet." in page.text
    assert "broken <2>" in page.text
    assert "automl export" not in page.text


def test_one_trial_without_baseline_or_curve(tmp_path):
    (trial,) = demo.built(1)
    bare = replace(trial, results=tuple(replace(r, curve=()) for r in trial.results))
    page = page_of(demo.archive([bare]), tmp_path)
    assert page.headings == ["Best so far", "Trade-off", "Trials"]
    assert "the best of 1 trial." in page.text
    assert "than random" not in page.text


def test_no_trial_within_the_limits(tmp_path):
    archive = demo.archive(demo.built(3), demo.info(objectives=("max:val_accuracy", "params<=1")))
    page = page_of(archive, tmp_path)
    assert page.headings == ["Learning curves", "Trials"]
    assert "No trial has respected the limits yet (max:val_accuracy, params<=1)." in page.text
    assert page.text.count("beyond a limit") == 3


def test_several_objectives_and_limits(tmp_path):
    objectives = ("min:loss", "max:val_accuracy", "min:params", "params<=20000")
    archive = demo.archive(demo.built(30), demo.info("evolution", objectives))
    page = page_of(archive, tmp_path)
    assert f"the first of {len(archive.front)} on the front" in page.text
    (trade_off,) = [f for f in page.figures if any(t.get("name") == "front" for t in f["data"])]
    assert trade_off["layout"]["xaxis"]["title"]["text"] == "validation accuracy, higher is better"
    front = next(t for t in trade_off["data"] if t["name"] == "front")
    assert front["y"] == sorted(front["y"])  # loss rises with accuracy along the front


def test_a_few_very_bad_trials_do_not_flatten_the_front(tmp_path):
    trials = list(demo.built(30))
    for number in (3, 4):
        result = trials[number].results[0]
        outcome = replace(result.outcome, metrics={**result.outcome.metrics, "val_accuracy": 0.01})
        trials[number] = replace(trials[number], results=(replace(result, outcome=outcome),))
    page = page_of(demo.archive(trials), tmp_path)
    low, high = page.figures[1]["layout"]["yaxis"]["range"]
    assert low > 0.3
    assert high > max(trial.metrics["val_accuracy"] for trial in trials)
    assert "not in the frame: 3 trials" in page.text


def test_the_lineage_marks_the_path_to_the_best(tmp_path):
    archive = demo.full(40)
    page = page_of(archive, tmp_path)
    lineage = page.figures[1]
    marked = next(t for t in lineage["data"] if t.get("line", {}).get("color") == "var(--best)")
    assert sum(x is None for x in marked["x"]) == len(archive.lineage(archive.best.number)) - 1
    crosses = next(t for t in lineage["data"] if t.get("marker", {}).get("symbol") == "x-thin")
    assert len(crosses["x"]) == 2


def test_what_others_wrote_cannot_break_the_page(tmp_path):
    evil = '</script><script>alert("1")</script><img src=x>'
    trials = [replace(t, candidate={"name": evil}) for t in demo.grown(6)]
    trials.append(demo.failed(6, demo.SPACE.root(), message=evil))
    header = {"cost_unit": evil, "diagnostics": [[1, {evil: 1.0}], [2, {evil: 2.0}]], **demo.finals(evil, 0.5, 0.6)}
    study = replace(demo.info(evil, name=evil), space=evil, trainer=evil)
    archive = demo.archive(trials, study, header=header)
    page = page_of(replace(archive, baselines={evil: demo.archive(demo.built(3))}), tmp_path)
    assert page.headings == BARE
    assert page.addresses == ["data:,"]
    assert evil not in page.source
    assert evil in page.text


def test_a_final_that_failed_says_why(tmp_path):
    header = {"finals": [{"trial": 3, "start": "scratch", "error": ["timeout", "Longer than 60 s."]}]}
    page = page_of(demo.archive(demo.built(4), header=header), tmp_path)
    assert "timeout: Longer than 60 s." in page.text


def many(count):
    """A huge study made cheaply: the same fifty towers again and again."""
    fifty = demo.grown(50, failures=(7,))
    for number in range(count):
        trial = fifty[number % 50]
        results = tuple(
            replace(r, id=number, proposal=replace(r.proposal, trial=number, parent=number - 1 - number % 7 or None))
            for r in trial.results
        )
        yield replace(trial, number=number, results=results)


def test_a_huge_study_stays_small(tmp_path):
    archive = demo.archive(tuple(many(5000)), baselines={"random": demo.archive(tuple(many(5000)))})
    page = page_of(archive, tmp_path)
    assert len(page.source) < 8e6
    assert page.rows == 1 + MOST_BEST + MOST_FAILED
    assert "Of 5,000 trials: the best 400 and the latest 100 failures." in page.text
    assert max(len(trace["x"]) for f in page.figures for trace in f["data"]) <= MOST_DOTS


def test_importing_the_report_does_not_load_plotly():
    code = "import sys, automl.report; sys.exit('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def walk(values, errors=None):
    """An archive of one long trial whose evaluations measured these losses, and errors of a trade-off."""
    results = [
        Result(i, Proposal(0, i, demo.SPACE.root()), Outcome({"loss": y, "error": e, "cnots": float(i % 7)}, cost=1.0))
        for i, (y, e) in enumerate(zip(values, errors or values, strict=True))
    ]
    best = min(range(len(values)), key=lambda i: values[i])
    trial = replace(demo.trial(results[0]), results=tuple(results), place=best)
    return demo.archive([trial], demo.info(objectives=("min:loss",)), header={"trade_off": ["min:error", "min:cnots"]})


def test_an_untrained_start_does_not_flatten_the_search(tmp_path):
    falling = [0.7, -0.5, *(-1.136 - 1e-6 * i for i in range(98))]
    page = page_of(walk(falling), tmp_path)
    for figure in (page.figures[0], page.figures[2]):
        low, high = figure["layout"]["yaxis"]["range"]
        assert -1.1362 < low < min(falling) < high < -1.1359
    assert "Not in the frame: the first values of the search." in page.text
    assert "better half of the values" in page.text


def test_what_differs_little_is_shown_whole(tmp_path):
    page = page_of(walk([-1.0 - 0.01 * i for i in range(40)]), tmp_path)
    assert "range" not in page.figures[0]["layout"]["yaxis"]
    assert "Not in the frame" not in page.text


def test_a_trade_off_over_decades_is_logarithmic_and_rounding_lies_on_its_floor(tmp_path):
    errors = [0.5, 0.02, 1e-9, 3e-12, 4e-16, 0.0, -2e-15]
    page = page_of(walk([float(-i) for i in range(7)], errors), tmp_path)
    figure = next(f for f in page.figures if any(t["name"] == "evaluations" for t in f["data"]))
    assert figure["layout"]["yaxis"]["type"] == "log"
    assert sorted(next(t for t in figure["data"] if t["name"] == "evaluations")["y"])[:4] == [1e-14] * 3 + [3e-12]
    assert "What is below 1e-14, zero or negative, is rounding, and drawn there." in page.text


@pytest.mark.parametrize(
    ("values", "floor"),
    [
        ([1e-3, 0.5], None),  # nothing to lift
        ([-1e-3, 0.5], None),  # noise, not rounding
        ([0.0, 3.0, 7.0], None),  # counts
        ([-1.0, -2.0], None),
        ([], None),
        ([0.0, 3e-14, 0.5], 1e-13),
    ],
)
def test_only_rounding_is_lifted(values, floor):
    assert rounding(values) == (floor and pytest.approx(floor))


def test_other_trials_stand_behind_the_best_as_one_thin_line(tmp_path):
    page = page_of(demo.archive(demo.built(30)), tmp_path)
    figure = next(f for f in page.figures if any(t["name"] == "other trials" for t in f["data"]))
    first = figure["data"][0]
    assert first["name"] == "other trials"
    assert first["y"].count(None) == 25
    assert "Thin: 25 other trials." in page.text


def test_failures_explain_themselves_in_the_head(tmp_path):
    full = [demo.failed(n, demo.SPACE.root()) for n in range(4)]
    rare = [
        demo.failed(n, demo.SPACE.root(), kind="raised", message=f"<b>{n % 4}</b>\n  " + "x" * 999) for n in range(4, 8)
    ]
    archive = demo.archive([*full, *rare])
    assert [entry["count"] for entry in failures(archive)] == [4, 1, 1]
    assert failures(archive)[0] == {
        "count": 4,
        "kind": "out_of_memory",
        "message": "The network did not fit into 2 GB.",
    }
    assert len(failures(archive)[1]["message"]) == 300
    page = page_of(archive, tmp_path)
    assert "4 failed: The network did not fit into 2 GB." in page.text
    assert "<b>0</b>" not in page.source


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a browser")
def test_a_browser_draws_every_figure_and_reports_no_error(tmp_path):
    path = write_report(demo.full(), tmp_path / "report.html")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=8000", "--dump-dom"]
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120, check=False)
    figures = done.stdout.count("<figure")
    assert figures == 9
    assert len(re.findall(r'<figure[^>]*class="js-plotly-plot"', done.stdout)) == figures
    assert "CONSOLE" not in done.stderr
