"""Optuna's conformance suites on every controller that can be a sampler: how many tests pass, and who can be none.

    python benchmarks/optuna_conformance.py

The suites are `optuna.testing.pytest_samplers` of the installed Optuna, without an exception: nothing is deselected or
expected to fail. A controller that learns from one objective runs the case that says so in place of the one for
several. The suite is the project's own test of it, so the counts are those of `make test`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import optuna

from automl.core.errors import AutomlError
from automl.integrations.optuna import sampler, samplers
from automl.registry import names

SUITE = Path(__file__).parents[1] / "tests/integrations/test_optuna_conformance.py"
CASES = {
    "TestBasic": "basic",
    "TestRelative": "relative",
    "TestMultiObjective": "several",
    "TestSingleOnly": "one only",
}


def outcomes() -> Counter[tuple[str, str, str]]:
    """Run the suite; return how many tests there are by (controller, case, outcome)."""
    known = sorted(samplers(), key=len, reverse=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", str(SUITE)]
        subprocess.run(command, cwd=SUITE.parents[2], stdout=subprocess.DEVNULL, check=False)
        tests = list(ElementTree.parse(report).iter("testcase"))
    counted: Counter[tuple[str, str, str]] = Counter()
    for test in tests:
        case = CASES.get(test.attrib["classname"].rpartition(".")[2])
        parts = re.split(r"[\[\]-]", test.attrib["name"])
        name = next((name for name in known if name in parts), None)
        if case and name:
            bad = [child.tag for child in test if child.tag in ("failure", "error", "skipped")]
            counted[name, case, bad[0] if bad else "passed"] += 1
    return counted


def main() -> int:
    counted = outcomes()
    print(f"python benchmarks/{Path(__file__).name}: optuna {optuna.__version__}, optuna.testing.pytest_samplers")
    print(
        f"{'passed of':14} {'basic':>9} {'relative':>9} {'several':>9} {'one only':>9} {'skipped':>8} {'excepted':>9}"
    )
    for name in samplers():
        cells = []
        for case in CASES.values():
            all_of = sum(n for (who, what, _), n in counted.items() if (who, what) == (name, case))
            cells.append(f"{counted[name, case, 'passed']}/{all_of}" if all_of else "-")
        skipped = sum(n for (who, _, how), n in counted.items() if who == name and how == "skipped")
        print(f"{name:14} " + " ".join(f"{cell:>9}" for cell in cells) + f" {skipped:>8} {0:>9}")
    print("\nNo samplers, and what they say when they are asked to be one:")
    for name in sorted({*names("controllers")} - {*samplers()}):
        try:
            sampler(name)
        except AutomlError as error:
            print(f"{name:14} {error.message}")
    return int(any(how in ("failure", "error") for _, _, how in counted))


if __name__ == "__main__":
    raise SystemExit(main())
