import pytest

from automl.controllers.random import Random
from automl.testing.controllers import ControllerContract


class TestRandomContract(ControllerContract):
    @pytest.fixture
    def make(self):
        return Random
