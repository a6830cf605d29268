"""The transformation controller (EAS): the contract, its stages, and that it learns."""

import pytest

from automl.controllers.transformation import Transformation
from automl.testing.controllers import ControllerContract


class TestTransformation(ControllerContract):
    evaluations = 24

    @pytest.fixture
    def make(self):
        return Transformation
