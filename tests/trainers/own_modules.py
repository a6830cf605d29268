"""LightningModules and data as their users write them, small."""

import numpy as np
import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from automl.core.domains import Reals

WIDE = 6


def rows(count=240, seed=0):
    """Rows whose class is the sign of the sum of their first columns."""
    x = np.random.default_rng(seed).standard_normal((count, WIDE))
    return x, (x[:, :3].sum(1) > 0).astype(int)


def dataset(count, seed):
    x, y = rows(count, seed)
    return TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))


class Net(pl.LightningModule):
    def __init__(self, choose):
        super().__init__()
        self.lr = choose("lr", Reals(1e-3, 0.1, log=True))
        width = choose("width", [4, 8, 16])
        self.layers = nn.Sequential(nn.Linear(WIDE, width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, 2))

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch, index):
        return F.cross_entropy(self(batch[0]), batch[1])

    def validation_step(self, batch, index):
        logits = self(batch[0])
        self.log("val_loss", F.cross_entropy(logits, batch[1]))
        self.log("val_acc", (logits.argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), self.lr)


class Tested(Net):
    def test_step(self, batch, index):
        self.log("test_hits", (self(batch[0]).argmax(1) == batch[1]).float().mean())


class Silent(Net):
    def validation_step(self, batch, index):
        self(batch[0])


class Batched(Net):
    def __init__(self, choose):
        super().__init__(choose)
        self.seen = []
        choose("batch_size", [16, 48])

    def training_step(self, batch, index):
        self.log("rows", float(len(batch[0])), on_step=False, on_epoch=True, reduce_fx="max")
        return super().training_step(batch, index)


def plain(choose):
    """Builds no module."""
    return choose("width", [4])


class Data(pl.LightningDataModule):
    def __init__(self, count=160):
        super().__init__()
        self.count = count

    def setup(self, stage=None):
        self.parts = {"train": dataset(self.count, 1), "held": dataset(80, 2)}

    def train_dataloader(self):
        return DataLoader(self.parts["train"], 32, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.parts["held"], 80)


class TestedData(Data):
    def test_dataloader(self):
        return DataLoader(dataset(60, 3), 60)
