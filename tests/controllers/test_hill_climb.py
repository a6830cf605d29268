import pytest

from automl.controllers.hill_climb import HillClimb
from automl.testing.controllers import ControllerContract


class TestHillClimbContract(ControllerContract):
    @pytest.fixture
    def make(self):
        return HillClimb
