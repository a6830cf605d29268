"""Graphs from where users have them: one file per source, one way in (`read`), one record out (`Graph`). No torch."""

from automl.trainers.gnn.data.read import read as read
from automl.trainers.gnn.data.split import Splitting as Splitting
