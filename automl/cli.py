"""The command line. Every command is a few lines around a function of the Python interface.

Exit codes: 0 done, 2 wrong usage or input, 3 every trial failed, 130 interrupted (type `automl resume`); 1 is a bug.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from automl.core.errors import AutomlError, LedgerError, UsageError

app = typer.Typer(
    name="automl",
    help="Search architectures and embeddings: search spaces, controllers and trainers that fit together.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The run directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Trials = Annotated[int | None, typer.Option(help="End after so many trials.")]
Evaluations = Annotated[int | None, typer.Option(help="End after so many evaluations.")]
Time = Annotated[str | None, typer.Option(help="End after this time: 90s, 10m, 2h.")]
Cost = Annotated[float | None, typer.Option(help="End after this cost, in the trainer's unit.")]
Workers = Annotated[int | None, typer.Option(help="Evaluations at the same time.")]
RunnerName = Annotated[str | None, typer.Option("--runner", help="Where evaluations run: serial, process, ray.")]
Limit = Annotated[str | None, typer.Option(help="End a single evaluation after this time.")]
RayAddress = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Ray cluster: HOST:PORT, or auto.")]
Cpus = Annotated[float | None, typer.Option(help="CPUs of one evaluation, for the runner ray; 1 if not given.")]
Gpus = Annotated[float | None, typer.Option(help="GPUs of one evaluation, for the runner ray; 0.5 shares one.")]


@app.command()
def search(
    space: Annotated[str | None, typer.Argument(metavar="SPACE", help="What to search: see `automl list`.")] = None,
    controller: Annotated[str | None, typer.Option(help="Who proposes candidates.")] = None,
    trainer: Annotated[str | None, typer.Option(help="Who measures them.")] = None,
    data: Annotated[str | None, typer.Option(help="Data set: a name or a path.")] = None,
    objective: Annotated[
        list[str] | None, typer.Option(help="max:METRIC, min:METRIC, or a limit METRIC<=NUMBER. Repeatable.")
    ] = None,
    trials: Trials = None,
    evaluations: Evaluations = None,
    time: Time = None,
    cost: Cost = None,
    seed: Annotated[int | None, typer.Option(help="Root of all randomness; 0 if not given.")] = None,
    workers: Workers = None,
    runner: RunnerName = None,
    limit: Limit = None,
    ray_address: RayAddress = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of a plug-in. Repeatable."),
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(help="Controller to run beside it at equal budget, or none. Repeatable."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with any of these options.")] = None,
    finalists: Annotated[
        int | None,
        typer.Option(min=0, help="How many are trained in full; the best of these is the result."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run directory; runs/SPACE-CONTROLLER-N if not given.")] = None,
    optuna: Annotated[str | None, typer.Option(metavar="URL", help="Optuna storage, or none.")] = None,
    mlflow: Annotated[str | None, typer.Option(metavar="URI", help="MLflow tracking server, or none.")] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Search a space. `automl search cnn` alone works: data, controller and budget have defaults."""
    from automl import api
    from automl.settings import parse_assignments

    options: dict[str, Any] = {
        "controller": controller, "trainer": trainer, "objectives": objective, "trials": trials,
        "evaluations": evaluations, "time": time, "cost": cost, "seed": seed, "workers": workers, "runner": runner,
        "limit": limit, "ray_address": ray_address, "cpus": cpus, "gpus": gpus, "baselines": baseline,
        "set": parse_assignments(set_) if set_ else None, "finalists": finalists, "out": str(out) if out else None,
        "optuna": optuna, "mlflow": mlflow, "quiet": quiet or None, "json": json_ or None,
    }  # fmt: skip
    _conclude(api.search(space, data=data, config=config, **options), quiet=quiet, as_json=json_)


@app.command()
def resume(
    directory: Directory,
    trials: Trials = None,
    evaluations: Evaluations = None,
    time: Time = None,
    cost: Cost = None,
    workers: Workers = None,
    runner: RunnerName = None,
    limit: Limit = None,
    ray_address: RayAddress = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Go on with a search that was interrupted or killed, or give a finished one a larger budget."""
    from automl import api

    options: dict[str, Any] = {
        "trials": trials, "evaluations": evaluations, "time": time, "cost": cost, "workers": workers,
        "runner": runner, "limit": limit, "ray_address": ray_address, "cpus": cpus, "gpus": gpus,
        "quiet": quiet, "json": json_,
    }  # fmt: skip
    _conclude(api.resume(directory, **options), quiet=quiet, as_json=json_)


@app.command()
def show(
    directory: Directory,
    front: Annotated[bool, typer.Option("--front", help="Show the Pareto front, and the trade-off.")] = False,
    json_: Json = False,
) -> None:
    """Show what a search has found, finished or running."""
    from automl.api import read_summary

    summary = read_summary(directory)
    if json_:
        print(json.dumps(summary.json["front"] if front else summary.json, indent=2))
        return
    from automl.tracking.result_table import fronts, result_table

    _print(fronts(summary.json) if front else result_table(summary.json))


@app.command()
def report(
    directory: Directory,
    out: Annotated[Path | None, typer.Option(help="The file to write; DIR/report.html if not given.")] = None,
) -> None:
    """Write one HTML page with curves, lineage, Pareto plot and all trials."""
    from automl.reading import open_archive
    from automl.report import write_report

    try:
        print(write_report(open_archive(directory), out))
    except OSError as error:
        raise LedgerError(f"Cannot write the report: {error.strerror or error}.") from error


@app.command()
def export(
    directory: Directory,
    out: Annotated[Path | None, typer.Option(help="The folder to write; not needed to register.")] = None,
    trial: Annotated[int | None, typer.Option(help="Number of the trial; the best if not given.")] = None,
    onnx: Annotated[bool, typer.Option("--onnx", help="Write model.onnx too (needs the extra onnx).")] = False,
    register: Annotated[str | None, typer.Option(metavar="NAME", help="Register it with MLflow.")] = None,
    alias: Annotated[str | None, typer.Option(help="What points to that version; champion if not given.")] = None,
    mlflow: Annotated[str | None, typer.Option(metavar="URI", help="Another MLflow server than the run's.")] = None,
) -> None:
    """Export a trained model: safetensors and JSON that `automl.load(PATH)` turns into a plain model."""
    from automl import exports

    if out is None and register is None:
        raise UsageError("Where should the model go?", "Type --out PATH, or --register NAME, or both.")
    if out is None and onnx:
        raise UsageError("An ONNX file needs a folder.", "Type --out PATH, too.")
    if out is not None:
        folder = exports.export(directory, out, trial, onnx=onnx)
        print(f"{folder}\nUse it: python -c \"import automl; model = automl.load('{folder}')\"")
    if register is not None:
        from automl.tracking.registration import register as enter

        entered = enter(directory, register, trial=trial, alias=alias, mlflow=mlflow, exported=out)
        print(f"{entered.uri}, alias {entered.alias}, stored as {entered.form}\n{entered.usage}")


@app.command(name="list")
def list_(json_: Json = False) -> None:
    """List what is installed, what fits what, and why not."""
    from automl.inventory import inventory, inventory_table

    found = inventory()
    if json_:
        print(json.dumps(found, indent=2))
    else:
        _print(inventory_table(found))


@app.command()
def sync(
    directory: Directory,
    optuna: Annotated[str | None, typer.Option(metavar="URL", help="Another Optuna storage, or none.")] = None,
    mlflow: Annotated[str | None, typer.Option(metavar="URI", help="Another MLflow server, or none.")] = None,
) -> None:
    """Write a search into Optuna and MLflow again, from its ledger."""
    from automl import api

    api.sync(directory, optuna=optuna, mlflow=mlflow)


@app.command()
def dashboard(
    directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A run; all runs if not given.")] = None,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8080,
) -> None:
    """Open optuna-dashboard on the results."""
    from automl.dashboard import serve

    serve(directory, port=port)


@app.command()
def doctor(json_: Json = False) -> None:
    """Say what is installed, what each extra would add, and where data is looked for."""
    from automl import doctor as examination

    diagnosis = examination.examine()
    if json_:
        print(json.dumps(diagnosis.as_json(), indent=2))
    else:
        _print(examination.show(diagnosis))
    raise typer.Exit(0 if diagnosis.healthy else 2)


def _conclude(summary: Any, *, quiet: bool, as_json: bool) -> None:
    """Print the result, and as the last line the command that inspects the run."""
    if as_json:
        print(json.dumps(summary.json, indent=2))
    elif not quiet:
        from automl.tracking.result_table import result_table

        _print(result_table(summary.json))
        print(f"automl show {summary.directory}")
    if summary.json["evaluations"] and summary.json["best"] is None and summary.json["failed"]:
        raise typer.Exit(3)


def _print(renderable: Any) -> None:
    from rich.console import Console

    Console().print(renderable)


def _guarded(run: Callable[[], Any]) -> int:
    """Turn errors into sentences and exit codes; a traceback would be a bug."""
    try:
        run()
    except AutomlError as error:
        print(f"automl: {error.message}", *([error.hint] if error.hint else []), sep="\n", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as in `automl list | head -1`
        sys.stderr.close()
    except Exception as error:
        if os.environ.get("AUTOML_TRACEBACK"):
            raise
        print(f"automl: this is a bug: {type(error).__name__}: {error}", file=sys.stderr)
        print("Set AUTOML_TRACEBACK=1 to see where, and report it.", file=sys.stderr)
        return 1
    return 0


def main() -> None:
    """Run the command line; being terminated is being interrupted."""
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(_guarded(app))


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt
