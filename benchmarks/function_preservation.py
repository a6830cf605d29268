"""Does growth keep the function? Random sequences of edits on random networks, and the jump of a trained one's loss.

    python benchmarks/function_preservation.py

First part: 200 random networks of space `cnn` (batch norm everywhere; max and average pools, global average and
flatten heads, residual blocks), with random scales, shifts and running statistics as training might leave them, each
grown by 10 random edits. The error is max |change of a logit| / max |logit| in eval mode. All tensors are made in
float64 under a float64 default type, so that a float32 constant anywhere in the arithmetic would show; then all again
in float32. The images differ in brightness and contrast: on plain white noise, which a global average makes all alike,
the batch norm behind it magnifies rounding, and one float32 network of 200 missed its bound (1.7e-5, of which its
inherited weights, evaluated in float64, are 1.6e-6).

Second part: a network trained on scikit-learn's digits, and the loss of its children on the training images, in train
mode with batches of 64, before any training of theirs. Inserted batch norms are calibrated on 1000 images.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from automl.core.choices import Answer, at_random, run
from automl.search_spaces.cnn import Cnn, CnnSpace
from automl.trainers.cnn.network import CALIBRATION_IMAGES, build_network, calibrate, load_weights, weights_of

SEQUENCES, EDITS = 200, 10
PARTS = ("max", "avg", "gap", "flatten", "res")
SHAPES = ((1, 8, 8), (3, 12, 10), (1, 14, 14))
BOUNDS = {torch.float64: 1e-12, torch.float32: 1e-5}
CHILDREN, EPOCHS, BATCH, JUMP = 20, 3, 64, 0.02


def main() -> int:
    started = time.process_time()
    torch.set_num_threads(1)
    rows = [sequences(dtype) for dtype in BOUNDS] + list(jumps())
    print(f"\n{'what':<64}{'worst':>10}{'bound':>10}  verdict")
    for what, worst, bound in rows:
        print(f"{what:<64}{worst:>10.1e}{bound:>10.0e}  {'kept' if worst <= bound else 'BROKEN'}")
    print(f"\n{time.process_time() - started:.0f} CPU seconds, torch {torch.__version__}, one thread")
    return 0 if all(worst <= bound for _, worst, bound in rows) else 1


def sequences(dtype: torch.dtype) -> tuple[str, float, float]:
    """Return the worst relative error of the logits over all sequences of edits."""
    torch.set_default_dtype(dtype)
    seen: Counter[str] = Counter()
    errors, spreads, roundings = zip(*(sequence(seed, dtype, seen) for seed in range(SEQUENCES)), strict=True)
    print(f"{str(dtype)[6:]}: median error {np.median(errors):.1e} over {SEQUENCES} networks of {EDITS} edits each")
    print(
        f"   logits vary between images by {np.median(spreads):.2f} of the largest (median), {min(spreads):.2f} (least)"
    )
    print(f"   error of the parents themselves, against float64: worst {max(roundings):.1e}")
    print("   edits: " + ", ".join(f"{kind} {seen[kind]}" for kind in ("widen", "deepen", "kernel", "residual")))
    print("   networks with: " + ", ".join(f"{part} {seen[part]}" for part in PARTS))
    return f"{SEQUENCES} x {EDITS} edits, eval mode, {str(dtype)[6:]}: relative logit error", max(errors), BOUNDS[dtype]


def sequence(seed: int, dtype: torch.dtype, seen: Counter[str]) -> tuple[float, float, float]:
    """Grow one random network.

    Returns:
        The relative error of the child's logits, how much logits vary between images, and the relative error of the
        parent's own logits against their computation in float64.
    """
    shape, answer = SHAPES[seed % len(SHAPES)], at_random(np.random.default_rng(seed))
    room, frame = {"max_params": 12_000, "max_macs": 250_000}, {"depth": 6, "hidden": 4, "uneven": 0.5 * (seed % 2)}
    parent, _ = run(CnnSpace(input_shape=shape, family="residual", **room).build, answer)
    space = CnnSpace(input_shape=shape, family="residual", max_params=0, max_macs=0, **frame)
    seen.update({*parent.pools, parent.head, *(["res"] if "res-" in " ".join(space.words(parent)) else [])})
    torch.manual_seed(seed)
    images = pictures(24, shape)
    module = with_a_past(build_network(parent, shape, 10), images).eval()
    child = grown(space, parent, answer, seen)
    network = child_of(space, child, parent, module, images).eval()
    assert all(tensor.dtype == dtype for tensor in network.parameters())
    with torch.no_grad():
        before, after = module(images), network(images)
        rounding = (module.double()(images.double()) - before).abs().max()
    most = before.abs().max()
    return float((before - after).abs().max() / most), float(before.std(0).max() / most), float(rounding / most)


def pictures(count: int, shape: tuple[int, ...]) -> Tensor:
    """Return noise of random contrast and brightness."""
    contrast, brightness = 0.5 + torch.rand(count, 1, 1, 1), torch.randn(count, shape[0], 1, 1)
    return contrast * torch.randn(count, *shape) + brightness


@torch.no_grad()
def with_a_past(module: nn.Module, images: Tensor) -> nn.Module:
    """Give batch norms scales of both signs, shifts, and statistics near, but not at, those of the images."""
    norms = [norm for norm in module.modules() if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:
        norm.weight.uniform_(0.5, 1.5).mul_(torch.randn_like(norm.weight).sign())
        norm.bias.normal_(0.3, 0.3)
        norm.momentum = 1.0  # the running statistics become those of the next batch
    module.train()(images)
    for norm in norms:
        norm.running_mean.add_(0.2 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean))
        norm.running_var.mul_(torch.empty_like(norm.running_var).uniform_(0.5, 2.0))
        norm.momentum = 0.1
    return module


def grown(space: CnnSpace, parent: Cnn, answer: Answer, seen: Counter[str]) -> Cnn:
    """Return the parent after `EDITS` random edits."""
    child = parent
    for _ in range(EDITS):
        child, trace = run(lambda choose, at=child: space.grow(at, choose), answer)
        seen[str(trace["edit"].value)] += 1
    return child


def child_of(space: CnnSpace, child: Cnn, parent: Cnn, module: nn.Module, images: Tensor) -> nn.Module:
    network = build_network(child, space.limits.input_shape, space.limits.classes)
    calibrate(network, load_weights(network, space.inherit(child, parent, weights_of(module)) or {}), images)
    return network


def jumps() -> Iterator[tuple[str, float, float]]:
    """Yield the largest change of a trained network's training loss, per kind of edit."""
    torch.set_default_dtype(torch.float32)
    images, labels = digits()
    space = CnnSpace(family="residual", max_params=0, max_macs=0)
    torch.manual_seed(0)
    parent = space.root()
    module = trained(build_network(parent, (1, 8, 8), 10), images, labels)
    before = loss(module, images, labels)
    print(f"trained on digits for {EPOCHS} epochs: loss {before:.3f} nats in train mode, {CHILDREN} children each")
    for kind in space.edits(parent):
        worst = 0.0
        for seed in range(CHILDREN):
            child, _ = run(lambda choose: space.grow(parent, choose), only(kind, seed))
            network = child_of(space, child, parent, module, images[:CALIBRATION_IMAGES])
            worst = max(worst, abs(loss(network, images, labels) - before))
        yield f"1 edit of a trained network, train mode, {kind}: loss, nats", worst, JUMP
    worst = 0.0
    for seed in range(CHILDREN):
        child = grown(space, parent, at_random(np.random.default_rng(seed)), Counter())
        network = child_of(space, child, parent, module, images[:CALIBRATION_IMAGES])
        worst = max(worst, abs(loss(network, images, labels) - before))
    yield f"{EDITS} edits of a trained network, train mode: loss, nats", worst, JUMP


def only(kind: str, seed: int) -> Answer:
    """Answer with one kind of edit, and at random otherwise."""
    random = at_random(np.random.default_rng(seed))
    return lambda name, domain, allowed: kind if name == "edit" else random(name, domain, allowed)


def digits() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))[:1437]  # four fifths, the trainer's share
    images = torch.tensor(data.images[order, np.newaxis] / 16.0, dtype=torch.float32)
    return (images - images.mean()) / images.std(), torch.tensor(data.target[order])


def batches(images: Tensor, labels: Tensor, order: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    for chosen in order.split(BATCH):
        if len(chosen) == BATCH:
            yield images[chosen], labels[chosen]


def trained(module: nn.Module, images: Tensor, labels: Tensor) -> nn.Module:
    optimiser = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
    for _ in range(EPOCHS):
        for x, y in batches(images, labels, torch.randperm(len(labels))):
            optimiser.zero_grad()
            nn.functional.cross_entropy(module(x), y).backward()
            optimiser.step()
    return module


@torch.no_grad()
def loss(module: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the mean loss in train mode over batches in their order."""
    module.train()
    chunks = batches(images, labels, torch.arange(len(labels)))
    return float(np.mean([float(nn.functional.cross_entropy(module(x), y)) for x, y in chunks]))


if __name__ == "__main__":
    sys.exit(main())
