"""What a small recommender costs to use: lookups, whole models, and memory.

    python benchmarks/embeddings_lookup.py              # all, about a minute

One thread. Every ratio is to the dense table of the same run: engines take turns, a time is the median over the turns,
and every engine returns the same numbers (this is checked). Times are of the processor, so that other programs do not
count, and freed memory is used again, so that clearing pages does not. Rows are drawn by Zipf's law with exponent 1.05,
most frequent first, as a field's rows are ordered, and uniformly, the bad case. "Scattered" cells keep any columns, the
others the first ones. Memory is the growth of a fresh process that has imported the library and then loads nothing but
the export.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch reads it

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file
from torch import Tensor

from automl.search_spaces.embeddings import Field, Plan
from automl.trainers.embeddings.exported import exported, plan_bytes, stored_bytes
from automl.trainers.embeddings.pack import pack
from automl.trainers.embeddings.ragged_cells import RaggedCells
from automl.trainers.embeddings.ragged_elements import RaggedElements
from automl.trainers.embeddings.recommender import Recommender, build_recommender

ROWS, WIDTH, IDS = 500_000, 64, 106_496
DIMS = (64, 48, 32, 24, 16, 12, 8, 6, 4, 2)
BARS = {"cells torch": 3.5, "cells numba": 2.5, "elements numba": 2.5, "deepfm": 1.10, "mf rank": 1.0}

KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_TRIM_THRESHOLD_": "4000000000"}
"""Settings of glibc under which freed memory is used again. Without them it depends on what ran before whether the
system clears the pages of an output anew, which can take longer than the lookup."""

Engine = Callable[[], Any]


def plan_of(sizes: list[int], dims: tuple[int, ...], width: int, *, elements: int | None = None) -> Plan:
    """Return a plan with the same dims in every field, in blocks of equal shares of the rows."""
    starts = tuple(tuple(int(x) for x in np.linspace(0, rows, len(dims), endpoint=False)) for rows in sizes)
    columns = tuple(tuple(tuple(range(d)) for d in dims) for _ in sizes)
    return Plan(width, starts, columns, elements=elements)


def scattered(plan: Plan, seed: int) -> Plan:
    """Return a plan with as many columns in every block, but any of them."""
    draw = np.random.default_rng(seed)
    columns = tuple(
        tuple(tuple(sorted(int(c) for c in draw.permutation(plan.width)[: len(kept)])) for kept in blocks)
        for blocks in plan.columns
    )
    return Plan(plan.width, plan.starts, columns)


def rows_drawn(rows: int, count: int, *, zipf: bool, seed: int) -> Tensor:
    draw = np.random.default_rng(seed)
    if not zipf:
        return torch.from_numpy(draw.integers(0, rows, count))
    shares = np.cumsum(1 / np.arange(1, rows + 1) ** 1.05)
    return torch.from_numpy(np.searchsorted(shares / shares[-1], draw.random(count)).clip(max=rows - 1))


def medians(engines: Mapping[str, Engine], repeats: int) -> dict[str, float]:
    """Return the median seconds of each engine; the engines take turns."""
    times: dict[str, list[float]] = {name: [] for name in engines}
    for repeat in range(repeats + 2):
        for name, engine in engines.items():
            start = time.process_time()
            engine()
            if repeat >= 2:
                times[name].append(time.process_time() - start)
    return {name: statistics.median(spent) for name, spent in times.items()}


def show(title: str, times: Mapping[str, float], bars: Mapping[str, float]) -> None:
    print(title)
    dense = times["dense"]
    for name, seconds in times.items():
        bar = f"   bar {bars[name]:.2f}" if name in bars else ""
        print(f"  {name:24s} {seconds * 1e3:8.2f} ms   {seconds / dense:5.2f} x dense{bar}")


def recommender(plan: Plan, sizes: list[int], **model: Any) -> tuple[Recommender, list[Field]]:
    fields = [Field(f"field{number}", rows) for number, rows in enumerate(sizes)]
    torch.manual_seed(0)
    return build_recommender(plan, fields, **model).eval(), fields


def lookups(repeats: int) -> None:
    """One field of 500,000 rows."""
    plan = plan_of([ROWS], DIMS, WIDTH)
    full = plan_of([ROWS], (WIDTH,) * 10, WIDTH)
    elements = Plan(WIDTH, full.starts, full.columns, elements=ROWS * WIDTH // 10)
    for title, zipf, count in (("Zipf", True, IDS), ("Zipf", True, IDS // 8), ("uniform", False, IDS)):
        ids = rows_drawn(ROWS, count, zipf=zipf, seed=0)
        engines: dict[str, Engine] = {}
        for name, chosen in (("cells", plan), ("scattered cells", scattered(plan, 0)), ("elements", elements)):
            engines |= ragged(name, chosen, ids)
        show(f"{count} {title} ids, {ROWS} x {WIDTH}", medians(engines, repeats), BARS if zipf and count == IDS else {})


def ragged(name: str, plan: Plan, ids: Tensor) -> dict[str, Engine]:
    model, fields = recommender(plan, [ROWS], model="fm")
    packed, table = pack(model, plan, fields), model.tables.weight.detach()
    engines: dict[str, Engine] = {"dense": lambda: F.embedding(ids, table)}
    for kernel in ("torch", "numba"):
        kind = RaggedCells if plan.elements is None else RaggedElements
        tables = kind(plan, fields, packed, kernel=kernel)
        assert torch.equal(tables(ids.view(-1, 1))[:, 0], F.embedding(ids, table))
        engines[f"{name} {kernel}"] = lambda tables=tables: tables(ids.view(-1, 1))
    return engines


@torch.inference_mode()
def deepfm(repeats: int) -> None:
    """A whole model."""
    sizes, width, hidden, batch = [20_000] * 26, 32, (400, 400, 400), 4096
    dims = (32, 20, 12, 8, 4, 2)
    ids = torch.stack([rows_drawn(rows, batch, zipf=True, seed=n) for n, rows in enumerate(sizes)], 1)
    for title, plan in (("first", plan_of(sizes, dims, width)), ("any", scattered(plan_of(sizes, dims, width), 1))):
        full = plan_of(sizes, (width,) * 6, width)
        dense, fields = recommender(full, sizes, model="deepfm", hidden=hidden)
        masked, _ = recommender(plan, sizes, model="deepfm", hidden=hidden)
        packed = pack(masked, plan, fields)
        engines: dict[str, Engine] = {
            "dense": lambda dense=dense: dense(ids),
            "masked dense": lambda masked=masked: masked(ids),
        }
        for kernel in ("torch", "numba"):
            small = exported(plan, fields, packed, model="deepfm", hidden=hidden, kernel=kernel)
            assert (small(ids) - masked(ids)).abs().max() < 1e-6
            engines[f"deepfm {kernel}"] = lambda small=small: small(ids)
        bars = {"deepfm numba": BARS["deepfm"]}
        show(f"DeepFM, 26 fields, batch {batch}, K = {width}, {title} columns", medians(engines, repeats), bars)


@torch.inference_mode()
def rank(repeats: int) -> None:
    """All items for some users."""
    sizes, width, dims = [6_000, 50_000], 64, (64, 32, 16, 8, 4)
    plan = plan_of(sizes, dims, width)
    model, fields = recommender(plan, sizes, model="mf", user=0, item=1)
    small = exported(plan, fields, pack(model, plan, fields), model="mf", user=0, item=1)
    users = rows_drawn(sizes[0], 256, zipf=True, seed=0)
    table = model.tables.all()
    parts, items = (table[users], table[sizes[0] :]), model.first[sizes[0] :, 0]
    engines = {
        "dense": lambda: torch.addmm(items, parts[0], parts[1].T) + model.first[users] + model.bias,
        "mf rank": lambda: small.rank(users),
    }
    assert (engines["dense"]() - engines["mf rank"]()).abs().max() < 1e-6
    show(f"MF, all {sizes[1]} items for 256 users, K = {width}", medians(engines, repeats), BARS)


def memory() -> None:
    """Bytes of the file, of the tensors, and of a process."""
    print(f"memory, {ROWS} x {WIDTH}: dense {4 * ROWS * WIDTH} bytes")
    full = plan_of([ROWS], (WIDTH,) * 10, WIDTH)
    for name, plan in (
        ("cells", plan_of([ROWS], DIMS, WIDTH)),
        ("elements", Plan(WIDTH, full.starts, full.columns, elements=ROWS * WIDTH // 10)),
    ):
        model, fields = recommender(plan, [ROWS], model="mlp", hidden=(8,))
        packed = {key: array for key, array in pack(model, plan, fields).items() if not key.startswith("first/")}
        small = exported(plan, fields, packed, model="mlp", hidden=(8,), kernel="torch")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.safetensors"
            save_file(packed, file)
            growth, size = grown(file, plan), file.stat().st_size
        sizes = {"plan": plan_bytes(plan, fields), "file": size, "tensors": stored_bytes(small), "resident": growth}
        told = "   ".join(f"{what} {count:9d}" for what, count in sizes.items())
        print(f"  {name:9s} {told}   bar {int(size * 1.2 + 5e6)}")


def grown(file: Path, plan: Plan) -> int:
    """Return by how many bytes a fresh process grows that loads an export."""
    elements = [] if plan.elements is None else ["--elements", str(plan.elements)]
    command = [sys.executable, __file__, "--load", str(file), "--dims", json.dumps(plan.dims[0]), *elements]
    ordinary = {name: value for name, value in os.environ.items() if name not in KEEP_MEMORY}
    return int(subprocess.run(command, check=True, capture_output=True, text=True, env=ordinary).stdout)


def load(file: Path, dims: tuple[int, ...], elements: int | None) -> None:
    """Load an export, look one batch up, and print by how much that made this process grow."""
    plan, fields = plan_of([ROWS], dims, WIDTH, elements=elements), [Field("field0", ROWS)]
    tiny = Plan(2, ((0,),), (((0, 1),),))
    warm, few = recommender(tiny, [4], model="mlp", hidden=(8,))  # what torch sets up at its first use is not the model
    exported(tiny, few, pack(warm, tiny, few), model="mlp", hidden=(8,), kernel="torch")(torch.zeros(2, 1))
    before = resident()
    small = exported(plan, fields, load_file(file), model="mlp", hidden=(8,), kernel="torch")
    small(torch.arange(64).view(-1, 1))
    print(resident() - before)


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--dims", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--elements", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.load:
        load(given.load, tuple(given.dims), given.elements)
        return
    if not os.environ.keys() >= KEEP_MEMORY.keys():
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **KEEP_MEMORY})
    lookups(given.repeats)
    deepfm(given.repeats)
    rank(given.repeats)
    memory()


if __name__ == "__main__":
    main()
