"""Controllers and trackers run their kits beside their own tests; none of them may be without."""

from pathlib import Path

import pytest

from automl import registry

TESTS = Path(__file__).parents[1]


def built_in(family):
    return [name for name, point in registry.found(family).items() if point.value.startswith("automl.")]


@pytest.mark.parametrize("name", built_in("controllers"))
def test_controllers(name):
    text = (TESTS / "controllers" / f"test_{name}.py").read_text()
    assert "(ControllerContract)" in text


@pytest.mark.parametrize("name", built_in("trackers"))
def test_trackers(name):
    module = registry.found("trackers")[name].module.rsplit(".", 1)[-1]
    assert "(TrackerContract)" in (TESTS / "tracking" / f"test_{module}.py").read_text()
