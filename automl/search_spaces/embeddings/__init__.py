"""Space `embeddings`: how many, and which, embedding dimensions each block of rows of each field keeps."""

from automl.search_spaces.embeddings.fields import Field as Field
from automl.search_spaces.embeddings.plan import Plan as Plan
