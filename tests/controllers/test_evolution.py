import pytest

from automl.controllers.evolution import Evolution
from automl.testing.controllers import ControllerContract


class TestEvolutionContract(ControllerContract):
    @pytest.fixture
    def make(self):
        return Evolution
