"""The parts of `surrogate`: traces as vectors, a Gaussian process over them, and the search for what to try next."""
