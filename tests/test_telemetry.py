"""Switches are defaults: what the user has set stays."""

import subprocess
import sys

from automl.telemetry import SWITCHES


def printed(code, **environment):
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_every_switch_is_set():
    code = "import automl.telemetry, os; print(sorted(set(automl.telemetry.SWITCHES) - set(os.environ)))"
    assert printed(code) == "[]"


def test_what_the_user_set_stays():
    name = next(iter(SWITCHES))
    assert printed(f"import automl.telemetry, os; print(os.environ['{name}'])", **{name: "mine"}) == "mine"
