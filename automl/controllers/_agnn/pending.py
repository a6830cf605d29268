"""Offspring that have been proposed and not yet measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automl.controllers._agnn.explorer import Built
from automl.controllers._agnn.modifier import Lesson
from automl.controllers._agnn.standings import Standing, standing


@dataclass(frozen=True, slots=True)
class Pending:
    """What has to be remembered of an offspring until its result arrives.

    Attributes:
        built: the answers that built it.
        lessons: by class, the decisions of the encoders that made it.
        restarts: how often the search had started anew.
        parent: M_b when it was made; None for a random one.
    """

    built: Built
    lessons: Mapping[str, Lesson]
    restarts: int
    parent: Standing | None

    def dump(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {
            "built": self.built.dump(),
            "lessons": {group: lesson.dump() for group, lesson in self.lessons.items()},
            "restarts": self.restarts,
            "parent": list(self.parent) if self.parent else None,
        }

    @classmethod
    def load(cls, json: Mapping[str, Any]) -> Pending:
        """Read it back."""
        lessons = {group: Lesson.load(lesson) for group, lesson in json["lessons"].items()}
        parent = standing(json["parent"]) if json["parent"] else None
        return cls(Built.load(json["built"]), lessons, json["restarts"], parent)
