"""Build the data set that the trainer `embeddings` ships.

    python benchmarks/build_flights.py flights.csv.gz
    python benchmarks/build_flights.py flights.csv.gz --out flights.parquet --rows 100000

Reads the table `flights` of nycflights13 (see SOURCE.txt beside the result), drops flights that never arrived, draws
rows evenly with a fixed seed, and writes them by day and departure. The same versions of polars and NumPy write the
same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

import automl.trainers.embeddings.data as data

ROWS, SEED, YEAR, LATE = 100_000, 13, 2013, 15
SHIPPED = Path(data.__file__).parent / "shipped" / "flights.parquet"
TINY = ("month", "day", "hour")
SMALL = ("sched_dep_time", "flight")


def build(source: Path, rows: int) -> pl.DataFrame:
    """Return the rows to ship, in the order of departure."""
    flights = pl.read_csv(source, null_values="NA", infer_schema_length=None).filter(pl.col("arr_delay").is_not_null())
    drawn = np.sort(np.random.default_rng(SEED).choice(flights.height, min(rows, flights.height), replace=False))
    date = pl.date(YEAR, "month", "day")
    table = flights[drawn].select(
        (pl.col("arr_delay") > LATE).cast(pl.Int8).alias("late"),
        date.alias("date"),
        *(pl.col(name).cast(pl.Int8) for name in TINY),
        date.dt.weekday().cast(pl.Int8).alias("weekday"),
        *(pl.col(name).cast(pl.Int16) for name in SMALL),
        "carrier",
        "tailnum",
        "origin",
        "dest",
    )
    return table.sort("date", "sched_dep_time", maintain_order=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("source", type=Path, nargs="?", help="the CSV file of flights, compressed or not")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--rows", type=int, default=ROWS)
    args = parser.parse_args()
    if args.source is None:
        print("Nothing to build: name the CSV file of flights.")
        return
    table = build(args.source, args.rows)
    table.write_parquet(args.out, compression="zstd", compression_level=22, row_group_size=table.height)
    late = table["late"].sum() / table.height
    print(f"{table.height:,} rows, {args.out.stat().st_size:,} bytes, {late:.1%} late")


if __name__ == "__main__":
    main()
