"""The script of the guide to Ray is run as it stands."""

import re
from pathlib import Path

import pytest

pytest.importorskip("ray.tune")

pytestmark = pytest.mark.xdist_group("ray")
GUIDE = Path(__file__).parents[2] / "docs/guide/ray.md"


def test_the_script_of_the_guide_finds_something_good(one_ray, tmp_path, monkeypatch):
    (script,) = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    monkeypatch.chdir(tmp_path)
    there = {"__name__": "__main__"}
    exec(compile(script, str(GUIDE), "exec"), there)
    assert there["best"].metrics["loss"] < 2.0
    assert there["best"].config["net"]["width"] in (8, 16, 32, 64)
