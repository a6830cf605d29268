"""What Ray asks of a search algorithm of Tune, asked of every controller that can be one: how many tests pass.

    python benchmarks/ray_tune_conformance.py

Ray ships no suite that others can run. What its own tests of search algorithms assert (invalid values, reports after
the end, evaluated points, saving and restoring, pickling, constants that stay in the config, several metrics) is
asserted by the project's tests of `AsTuneSearcher`, which this runs and counts; so is what Ray's tests leave out.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import ray

SUITE = Path(__file__).parents[1] / "tests/integrations/test_ray_tune.py"
CASES = {
    "constants": "keeps_what_is_constant",
    "invalid": "values_that_are_no_numbers",
    "late": "reports_after_the_end",
    "points": "points_that_were_evaluated",
    "restored": "a_saved_search",
    "copied": "a_copy_goes_on",
    "together": "side_by_side",
    "seeded": "the_same_seed",
    "learns": "beats_chance",
    "several": "several_metrics",
}
"""Columns, and what the names of their tests contain."""


def outcomes() -> Counter[tuple[str, str, str]]:
    """Run the suite; return how many tests there are by (controller, case, outcome)."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not experiment"]
        subprocess.run(
            [*command, f"--junitxml={report}", str(SUITE)], cwd=SUITE.parents[2], stdout=subprocess.DEVNULL, check=False
        )
        tests = list(ElementTree.parse(report).iter("testcase"))
    counted: Counter[tuple[str, str, str]] = Counter()
    for test in tests:
        name = test.attrib["name"]
        case = next((case for case, part in CASES.items() if part in name), "others")
        who = next((part for part in reversed(re.split(r"[\[\]-]", name)) if part in controllers()), "")
        bad = any(child.tag in ("failure", "error", "skipped") for child in test)
        counted[who, case, "other" if bad else "passed"] += 1
    return counted


def controllers() -> list[str]:
    """Return the controllers that can be search algorithms."""
    from automl.integrations.optuna import samplers

    return samplers()


def main() -> int:
    counted = outcomes()
    print(f"python benchmarks/{Path(__file__).name}: ray {ray.__version__}")
    print(f"{'passed of':13} " + " ".join(f"{case:>9}" for case in CASES))
    for who in controllers():
        cells = []
        for case in CASES:
            passed = counted[who, case, "passed"]
            total = passed + counted[who, case, "other"]
            cells.append(f"{passed}/{total}" if total else "-")
        print(f"{who:13} " + " ".join(f"{cell:>9}" for cell in cells))
    passed = sum(n for (_, _, how), n in counted.items() if how == "passed")
    print(f"all tests together: {passed} of {sum(counted.values())} passed")
    return int(any(how == "other" for _, _, how in counted))


if __name__ == "__main__":
    raise SystemExit(main())
