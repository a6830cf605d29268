"""Space `circuits`: parametrised quantum circuits of rotations and CNOTs, built gate by gate."""

from automl.search_spaces.circuits.alphabet import Prune as Prune
from automl.search_spaces.circuits.candidate import Circuit as Circuit
from automl.search_spaces.circuits.gates import Gate as Gate
from automl.search_spaces.circuits.gates import gate as gate
from automl.search_spaces.circuits.paths import extensions as extensions
from automl.search_spaces.circuits.space import CircuitSpace as CircuitSpace
