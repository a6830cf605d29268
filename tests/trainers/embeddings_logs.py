"""Small logs of a shop for the tests of recommender data: clicks, ratings, and files with them."""

import numpy as np
import polars as pl


def clicks(rows: int = 400, seed: int = 0) -> pl.DataFrame:
    """Return clicks with a column of every type; `when` rises."""
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "clicked": random.integers(0, 2, rows),
            "user_id": random.integers(1, 30, rows),
            "item_id": [f"i{n}" for n in random.integers(0, 50, rows)],
            "price": random.normal(10, 3, rows).round(2),
            "shop": [("north", "south", "east")[n] for n in random.integers(0, 3, rows)],
            "when": np.arange(rows) * 60,
        }
    )


def ratings(rows: int = 400, seed: int = 0) -> pl.DataFrame:
    """Return ratings of 1 to 5 with distinct users and items, in no order of time."""
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "user": random.integers(0, 20, rows),
            "item": random.integers(0, 40, rows),
            "rating": random.integers(1, 6, rows),
            "timestamp": random.permutation(rows),
        }
    )
