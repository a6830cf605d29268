"""Image data sets as arrays: one file per format, one way in (`read`), one way out (`split`). No torch."""

from automl.trainers.cnn.data.read import read as read
from automl.trainers.cnn.data.records import Images as Images
from automl.trainers.cnn.data.records import Source as Source
from automl.trainers.cnn.data.split import Splits as Splits
from automl.trainers.cnn.data.split import Splitting as Splitting
from automl.trainers.cnn.data.split import split as split
