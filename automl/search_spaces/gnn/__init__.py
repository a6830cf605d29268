"""Space `gnn`: message-passing networks, layer by layer and class of action by class of action."""

from automl.search_spaces.gnn.candidate import Gnn as Gnn
from automl.search_spaces.gnn.candidate import Layer as Layer
