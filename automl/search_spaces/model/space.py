"""The search space `model`."""

from __future__ import annotations

from typing import Any, ClassVar

from automl.core import programs
from automl.core.choices import Choose, Program
from automl.core.domains import Value
from automl.core.errors import InvalidCandidate
from automl.core.records import Json, Weights
from automl.core.space import SearchSpace
from automl.search_spaces.model.candidate import Model, built_by
from automl.search_spaces.model.digits import digits

_VALUES = (bool, int, float, str, type(None))


class ModelSpace(SearchSpace[Model]):
    """Models of your own: whatever a program builds that asks through `choose`.

    A program is a class whose constructor takes `choose`, such as a LightningModule, or a function that takes it and
    returns a scikit-learn pipeline. A candidate is the record of its answers. The program runs once for every
    candidate that is proposed, so it should ask before it builds anything large.

    Settings:
        of: the program, as module:name or from Python the object itself; for the default see `digits`.
    """

    default_controller: ClassVar[str] = "surrogate"

    def __init__(self, *, of: Program = digits) -> None:
        # Facts of a trainer's default data are JSON: there the program is named.
        self.program = programs.find(of) if isinstance(of, str) else programs.check(of)

    def build(self, choose: Choose) -> Model:
        return built_by(self.program, choose)

    def check(self, candidate: Model) -> None:
        if candidate.program != self.program:
            theirs, ours = programs.name_of(candidate.program), programs.name_of(self.program)
            raise InvalidCandidate(f"The candidate is built by {theirs}, and this space searches {ours}.")

    def dump(self, candidate: Model) -> Json:
        """Write the answers by name, in the order in which they were asked."""
        return dict(candidate.answers)

    def load(self, json: Any) -> Model:
        """Read answers back; whether the program still asks for them is seen when the model is built.

        Raises:
            InvalidCandidate: if the JSON does not hold values by name.
        """
        if not isinstance(json, dict) or not all(isinstance(value, _VALUES) for value in json.values()):
            raise InvalidCandidate(f"This JSON describes no model: {json!r}.", "Write {NAME: VALUE, ...}.")
        return Model(self.program, tuple(json.items()))

    def describe(self, candidate: Model) -> str:
        """Return a model as in `lr=0.01 width=64`."""
        return " ".join(f"{name}={_short(value)}" for name, value in candidate.answers) or "no questions"

    def inherit(self, child: Model, parent: Model, weights: Weights) -> Weights | None:
        """Return copies of all weights for equal answers; what other answers do to them only the program knows."""
        if self.key(child) != self.key(parent):
            return None
        return {name: array.copy() for name, array in weights.items()}


def _short(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
