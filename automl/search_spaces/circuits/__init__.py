"""Space `circuits`: parametrised quantum circuits of rotations and CNOTs, built gate by gate."""

from automl.search_spaces.circuits.candidate import Circuit as Circuit
from automl.search_spaces.circuits.gates import Gate as Gate
from automl.search_spaces.circuits.gates import gate as gate
