"""What a task is trained with where nothing is set; the best that was found on the part `stop`, never on `test`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SEARCH_LR = 0.3
"""Learning rate of stage `soft`, whose weights are near a minimum already, as a share of the usual one."""


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual settings of a task.

    Attributes:
        batch_size: rows of a step.
        lr: learning rate of Adam.
        l2: penalty of the squared length of the embeddings that a row reads.
        patience: epochs without progress that end a training.
        inherit_lr: learning rate of ordinary plans that inherit, as a share of `lr`.
        inherit_epochs: their epochs, in which the learning rate falls to zero; 0 has them end as others end.
        relaxed_l2: penalty of the stages `wide` and `soft` of aligned plans, as a share of `l2`. A plan that is cut
            from them is trained on with the whole penalty; what theirs takes away too early does not come back.
    """

    batch_size: int
    lr: float
    l2: float
    patience: int
    inherit_lr: float
    inherit_epochs: int
    relaxed_l2: float


USUAL: Mapping[str, Usual] = {
    "rating": Usual(1024, 0.01, 0.1, 2, inherit_lr=0.3, inherit_epochs=0, relaxed_l2=0.7),
    "ctr": Usual(2048, 0.003, 0.003, 1, inherit_lr=0.6, inherit_epochs=0, relaxed_l2=1.0),
    "topk": Usual(1024, 0.015, 0.1, 2, inherit_lr=6.0, inherit_epochs=10, relaxed_l2=1.0),
}
"""By task: for MovieLens-100K and video games with matrix factorisation of K = 64, for flights with DeepFM of K = 32.

Plans of the flights that inherit are as good with 0.6 of the rate as with 0.3, in half the epochs. Lists want large
steps, of which the last are small: four dimensions cut from 64 of video games are as good after ten epochs whose rate
falls from .1 as after twelve to sixteen whose rate shrinks from .05 where they are no better.
"""
