"""Evaluations on a cluster, in actors of Ray that live as long as the study."""

from __future__ import annotations

from collections.abc import Sequence

from automl.core.errors import UsageError
from automl.core.records import Result
from automl.core.runner import Job, OnReport, Runner
from automl.core.trainer import Trainer
from automl.runners._crew import Crew, Manning, Task
from automl.runners._main import refuse_on_import
from automl.runners._ray_actor import Actors, keep_actors
from automl.runners._ray_link import Need, connect
from automl.runners._sending import check_settings, pack_with_definitions, parcel_of_job, parcel_of_trainer

__all__ = ["RayRunner", "keep_actors"]


class RayRunner(Runner):
    """Several places, each an actor somewhere in a cluster of Ray, with a worker process that keeps the trainer.

    All that the process runner promises holds here, too, since the workers are the same: failures, time limits, a
    worker that is killed. An actor that is lost, alone or with its machine, is replaced as soon as the cluster has
    room; its job is tried again, three times in all. The trainer and large weights go through Ray's object store. When
    the study dies, even by `kill -9`, its actors die with it.

    Without an address Ray is started on this machine, and ended with the study; a cluster that was joined, or a Ray
    that this process was connected to already, is left alone. Trainers and candidates that are defined in a script or a
    notebook travel with their definition.

    Settings:
        workers: number of actors.
        limit: seconds one evaluation may take; None for no limit.
        ray_address: HOST:PORT of a cluster, or `auto` for the one that runs on this machine; None starts one.
        cpus: CPUs of one evaluation, for Ray to find a place; a fraction shares one.
        gpus: GPUs of one evaluation; a fraction shares one.
    """

    def __init__(
        self,
        trainer: Trainer,
        *,
        workers: int = 2,
        limit: float | None = None,
        on_report: OnReport,
        ray_address: str | None = None,
        cpus: float = 1.0,
        gpus: float = 0.0,
    ) -> None:
        refuse_on_import()
        check_settings("Ray", workers, limit)
        need = _need(workers, cpus, gpus)
        self.capacity = workers
        parcel = parcel_of_trainer(trainer, pack_with_definitions)
        actors = Actors(connect(ray_address, need), need, parcel, limit)
        self._crew = Crew(Manning(actors.hire, actors.listen, actors.end), workers, limit, on_report)

    def submit(self, job: Job) -> None:
        self._crew.submit(Task(job, parcel_of_job(job, pack_with_definitions)))

    def collect(self, timeout: float | None) -> Sequence[Result]:
        return self._crew.collect(timeout, self.deadline)

    def close(self) -> None:
        self._crew.close()


def _need(workers: int, cpus: float, gpus: float) -> Need:
    """Check what is asked of a machine: Ray shares one GPU in parts, and hands out several only whole."""
    if cpus < 0 or gpus < 0:
        raise UsageError(f"An evaluation cannot use {min(cpus, gpus):g} of anything.")
    for name, amount in (("CPUs", cpus), ("GPUs", gpus)):
        if amount > 1 and amount != int(amount):
            raise UsageError(f"Ray gives an evaluation a part of one, or whole {name}, not {amount:g}.")
    return Need(workers, cpus, gpus)
