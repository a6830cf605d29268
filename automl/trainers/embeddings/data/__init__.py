"""Data of the trainer: one file per format, one way in (`read`), integers out (`Dataset`).

    schema.py                              what the fields are
    opened.py named.py tabular.py          from names, files and objects ...
    atomic.py objects.py
    table.py                               ... to a table
    infer.py typed.py labels.py            what the schema leaves open; canonical values; the task
    filters.py split.py                    which rows stay, and in which part
    vocabulary.py hashing.py               from values to rows of the embedding tables; `encode` for new data
    assemble.py                            all of it in order

Importing this package loads nothing heavy; `vocabulary` and what reads load polars.
"""

from automl.trainers.embeddings.data.dataset import PAD as PAD
from automl.trainers.embeddings.data.dataset import PARTS as PARTS
from automl.trainers.embeddings.data.dataset import Column as Column
from automl.trainers.embeddings.data.dataset import Dataset as Dataset
from automl.trainers.embeddings.data.dataset import Task as Task
from automl.trainers.embeddings.data.read import describe as describe
from automl.trainers.embeddings.data.read import read as read
from automl.trainers.embeddings.data.reading import Reading as Reading
from automl.trainers.embeddings.data.schema import FieldSpec as FieldSpec
from automl.trainers.embeddings.data.schema import Schema as Schema
