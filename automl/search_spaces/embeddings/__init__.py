"""Space `embeddings`: how many, and which, embedding dimensions each block of rows of each field keeps."""

from automl.search_spaces.embeddings.fields import Field as Field
from automl.search_spaces.embeddings.plan import Plan as Plan
from automl.search_spaces.embeddings.size import Size as Size
from automl.search_spaces.embeddings.size import size as size
from automl.search_spaces.embeddings.space import EmbeddingSpace as EmbeddingSpace
