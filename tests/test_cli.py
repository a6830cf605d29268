"""The command line as a user types it: results, exit codes, and one clear sentence for every kind of wrong input."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import automl
from automl.cli import _guarded, app
from automl.ledger import Ledger

AUTOML = str(Path(sys.executable).with_name("automl"))
QUIET = ["--optuna", "none", "--mlflow", "none", "--baseline", "none"]


@pytest.fixture
def type_(capsys, monkeypatch, tmp_path):
    """Type a command in a temporary folder; return exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        def command():
            try:
                app([str(word) for word in words], standalone_mode=True)
            except SystemExit as done:
                codes.append(done.code or 0)

        codes = []
        code = _guarded(command)
        printed = capsys.readouterr()
        return code or (codes[0] if codes else 0), printed.out, printed.err

    return run


def test_a_search_leaves_everything_it_promises(type_, tmp_path):
    code, out, _ = type_("search", "towers", "--controller", "hill_climb", "--trials", 30, "--mlflow", "none")
    assert code == 0
    assert out.splitlines()[-1] == "automl show runs/towers-hill_climb-1"
    run = tmp_path / "runs" / "towers-hill_climb-1"
    assert {"study.db", "config.toml", "weights", "summary.json", "report.html", "baselines"} <= {
        path.name for path in run.iterdir()
    }
    assert (tmp_path / "runs" / "optuna.db").exists()
    summary = json.loads((run / "summary.json").read_text())
    named = "space controller seed objectives trials evaluations failed seconds best front baselines"
    assert set(named.split()) <= set(summary)
    assert set(summary["best"]) >= {"trial", "candidate", "metrics"}
    assert summary["trials"] == 30
    assert summary["baselines"]["random"]["cost"] >= summary["cost"]


def test_running_the_written_configuration_again_repeats_the_run(type_, tmp_path):
    type_("search", "towers", "--controller", "evolution", "--trials", 25, "--set", "noise=0.02", *QUIET)
    config = tmp_path / "runs" / "towers-evolution-1" / "config.toml"
    code, out, err = type_("search", "--config", config, "--out", "again", "--json")
    assert code == 0, err
    first = json.loads((config.parent / "summary.json").read_text())
    again = json.loads(out)
    assert again["best"] == first["best"]
    assert again["front"] == first["front"]


def test_python_and_the_command_line_do_the_same(type_, tmp_path):
    type_("search", "towers", "--controller", "random", "--trials", 12, "--seed", 5, "--out", "typed", *QUIET)
    summary = automl.search(
        "towers", controller="random", trials=12, seed=5, out="called", optuna="none", mlflow="none",
        baselines=["none"], quiet=True,
    )  # fmt: skip
    assert summary.json["best"] == json.loads((tmp_path / "typed" / "summary.json").read_text())["best"]
    assert summary.best.metrics["val_accuracy"] == summary.json["best"]["metrics"]["val_accuracy"]
    assert type(summary.best.candidate).__name__ == "Tower"
    assert summary.trials == 12


def test_json_is_json_and_quiet_is_quiet(type_):
    code, out, err = type_("search", "towers", "--trials", 5, "--controller", "random", "--json", *QUIET)
    assert json.loads(out)["trials"] == 5
    assert (code, err) == (0, "")
    assert type_("search", "towers", "--trials", 5, "--controller", "random", "--quiet", *QUIET) == (0, "", "")


def test_a_finished_search_can_be_given_a_larger_budget(type_):
    type_("search", "towers", "--controller", "random", "--trials", 10, "--out", "run", *QUIET)
    code, out, err = type_("resume", "run", "--trials", 25, "--json")
    assert code == 0, err
    assert json.loads(out)["trials"] == 25
    whole = type_("search", "towers", "--controller", "random", "--trials", 25, "--out", "whole", "--json", *QUIET)
    assert json.loads(whole[1])["best"] == json.loads(out)["best"]


def test_a_larger_budget_outlives_another_interruption(type_, tmp_path):
    type_("search", "towers", "--controller", "random", "--trials", 5, "--out", "run", *QUIET)
    type_("resume", "run", "--trials", 9, "--quiet")
    assert json.loads(type_("resume", "run", "--json")[1])["trials"] == 9
    with Ledger.read(tmp_path / "run") as ledger:
        assert ledger.header["config"]["trials"] == 9


def test_show_front_report_list_and_doctor(type_, tmp_path):
    both = ["--objective", "max:val_accuracy", "--objective", "min:params"]
    type_("search", "towers", "--controller", "evolution", "--trials", 40, *both, "--out", "run", *QUIET)
    code, out, _ = type_("show", "run", "--front", "--json")
    assert code == 0
    assert len(json.loads(out)) > 1
    assert "Pareto front" in type_("show", "run")[1]
    assert type_("report", "run", "--out", "page.html")[0] == 0
    assert "<html" in (tmp_path / "page.html").read_text()[:300]
    listed = json.loads(type_("list", "--json")[1])
    assert "transformation" in listed["search_spaces"]["cnn"]["controllers"]
    assert type_("list")[0] == type_("doctor")[0] == 0


WRONG = {
    "unknown space": (["search", "cn"], "Did you mean 'cnn'?"),
    "no space": (["search"], "needs 'space'"),
    "unknown controller": (["search", "towers", "--controller", "evolutoin"], "Did you mean 'evolution'?"),
    "unknown trainer": (["search", "towers", "--trainer", "tower"], "Did you mean 'towers'?"),
    "unfit trainer": (["search", "towers", "--trainer", "cnn"], "Trainers that do: towers"),
    "unknown metric": (["search", "towers", "--objective", "max:val_acuracy"], "Did you mean 'val_accuracy'?"),
    "no objective": (["search", "towers", "--objective", "best"], "max:METRIC"),
    "two objectives for one": (
        ["search", "towers", "--controller", "transformation", "--objective", "max:val_accuracy", "--objective",
         "min:params"], "takes one objective"),
    "unknown setting": (["search", "towers", "--set", "nois=1"], "Did you mean 'noise'?"),
    "unknown setting of a part": (["search", "towers", "--set", "trainer.nois=1"], "Did you mean 'noise'?"),
    "a value of the wrong type": (["search", "towers", "--set", "noise=loud"], "takes float, got 'loud'"),
    "no assignment": (["search", "towers", "--set", "noise"], "Write --set key=value"),
    "unknown profile": (["search", "towers", "--controller", "evolution", "--set", "profile=papr"], "'paper'"),
    "unknown runner": (["search", "towers", "--runner", "proces"], "Did you mean 'process'?"),
    "unknown baseline": (["search", "towers", "--baseline", "randm"], "Did you mean 'random'?"),
    "zero trials": (["search", "towers", "--trials", "0"], "greater than 0"),
    "negative evaluations": (["search", "towers", "--evaluations", "-3"], "greater than 0"),
    "negative cost": (["search", "towers", "--cost", "-1"], "greater than 0"),
    "no time": (["search", "towers", "--time", "0s"], "not a time"),
    "nonsense time": (["search", "towers", "--time", "soon"], "not a time"),
    "negative seed": (["search", "towers", "--seed", "-1"], "greater than or equal to 0"),
    "no workers": (["search", "towers", "--workers", "0"], "greater than 0"),
    "nothing to resume": (["resume", "nowhere"], "no study in nowhere"),
    "nothing to show": (["show", "nowhere"], "no study in nowhere"),
    "no configuration": (["search", "--config", "absent.toml"], "Cannot read absent.toml"),
    "no data": (["search", "cnn", "--data", "absent.npz"], "absent.npz"),
    "out cannot be written": (["search", "towers", "--out", "/proc/run"], "Cannot write to /proc/run"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_ends_in_one_sentence_and_exit_code_two(type_, what):
    words, sentence = WRONG[what]
    code, out, err = type_(*words, *(QUIET if words[0] == "search" and "--baseline" not in words else []))
    assert code == 2
    assert out == ""
    assert sentence in err
    assert "Traceback" not in err


def test_broken_toml_and_unknown_keys_name_the_file(type_, tmp_path):
    (tmp_path / "broken.toml").write_text("space = 'towers\n")
    code, _, err = type_("search", "--config", "broken.toml")
    assert (code, "broken.toml is not TOML" in err) == (2, True)
    (tmp_path / "unknown.toml").write_text("space = 'towers'\ntrails = 5\n")
    code, _, err = type_("search", "--config", "unknown.toml")
    assert code == 2
    assert "Did you mean 'trials'?" in err
    assert "unknown.toml" in err


def test_an_existing_run_is_not_overwritten(type_):
    type_("search", "towers", "--controller", "random", "--trials", 3, "--out", "run", *QUIET)
    code, _, err = type_("search", "towers", "--controller", "random", "--out", "run", *QUIET)
    assert code == 2
    assert "automl resume run" in err


def test_an_unfit_pair_names_what_would_fit(type_):
    code, _, err = type_("search", "polynomials", "--controller", "hill_climb", *QUIET)
    assert code == 2
    assert "Unknown search space" in err or "Controllers that fit" in err


def test_every_trial_failed_is_exit_code_three(tmp_path):
    out = tmp_path / "run"
    command = [AUTOML, "search", "towers", "--controller", "random", "--trials", "3", "--set", "pause=5",
               "--limit", "0.1s", "--out", str(out), *QUIET]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3, done.stderr
    assert json.loads((out / "summary.json").read_text())["failed"] == 3


@pytest.fixture
def begun(tmp_path):
    """Return a search in a process of its own that has measured something, and its run directory."""
    out = tmp_path / "run"
    command = [AUTOML, "search", "towers", "--controller", "random", "--trials", "40", "--set", "pause=0.1",
               "--out", str(out), *QUIET]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as study:
        while not (out / "study.db").exists():
            time.sleep(0.05)
        time.sleep(0.7)
        yield study, out
        study.kill()


def test_an_interrupted_search_reports_what_it_has_found_and_can_be_resumed(begun):
    study, out = begun
    study.send_signal(signal.SIGINT)
    _, err = study.communicate(timeout=30)
    assert study.returncode == 130
    assert err.splitlines()[-2:] == [str(out / "report.html"), f"automl resume {out}"]
    assert "not finished" in (out / "report.html").read_text()
    assert subprocess.run([AUTOML, "resume", str(out), "--quiet"], timeout=60).returncode == 0
    assert json.loads((out / "summary.json").read_text())["trials"] == 40
    assert "not finished" not in (out / "report.html").read_text()


def test_being_terminated_is_being_interrupted_and_the_second_time_there_is_no_report(begun):
    study, out = begun
    study.send_signal(signal.SIGTERM)
    while not study.stderr.readline().startswith("Interrupted"):
        assert study.poll() is None
    study.send_signal(signal.SIGINT)
    err = study.stderr.read()  # `communicate` would leave out what came in one piece with the line
    assert (study.wait(timeout=30), err) == (130, f"automl resume {out}\n")
    assert not (out / "report.html").exists()


def test_a_time_budget_is_kept_although_an_evaluation_hangs(tmp_path):
    out = tmp_path / "run"
    command = [AUTOML, "search", "towers", "--controller", "random", "--time", "3s", "--set", "pause=600",
               "--out", str(out), "--quiet", *QUIET]  # fmt: skip
    assert subprocess.run(command, timeout=120).returncode == 0  # far from 600, however busy the machine is
    assert json.loads((out / "summary.json").read_text())["stopped_by"] == "seconds"


def test_a_full_disk_is_a_sentence_and_nothing_finished_is_lost(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk]).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        command = [AUTOML, "search", "towers", "--controller", "random", "--trials", "5000",
                   "--out", str(disk / "run"), *QUIET]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2
        assert "Everything finished before is kept" in done.stderr
        subprocess.run(["mount", "-o", "remount,size=40m", disk], check=True)
        assert subprocess.run([AUTOML, "resume", disk / "run", "--trials", "100", "--quiet"]).returncode == 0
        assert json.loads((disk / "run" / "summary.json").read_text())["trials"] == 100
    finally:
        subprocess.run(["umount", disk], check=False)
