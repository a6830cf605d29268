"""Every registered runner keeps the contract of runners."""

import pytest

from automl import registry
from automl.testing.runners import RunnerContract


class TestSerial(RunnerContract):
    workers = 1
    isolates = False

    @pytest.fixture
    def make(self):
        runner = registry.load("runners", "serial")
        return lambda trainer, workers, limit, on_report: runner(
            trainer, workers=workers, limit=limit, on_report=on_report
        )


@pytest.mark.parametrize("name", sorted(set(registry.names("runners")) - {"serial", "ray"}))
class TestParallel(RunnerContract):
    @pytest.fixture
    def make(self, name):
        runner = registry.load("runners", name)
        return lambda trainer, workers, limit, on_report: runner(
            trainer, workers=workers, limit=limit, on_report=on_report
        )


class TestRay(RunnerContract):
    @pytest.fixture
    def make(self, one_ray):
        runner = registry.load("runners", "ray")
        return lambda trainer, workers, limit, on_report: runner(
            trainer, workers=workers, limit=limit, on_report=on_report
        )
