"""Quiet and private by default: import this before mlflow, ray or Lightning.

Only defaults are set: a variable that the user has set keeps its value.
"""

from __future__ import annotations

import logging
import os

SWITCHES = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # two lines for every run that ends
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # despite its name: Ray binds to the loopback address only
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_MODE": "offline",
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
}
TALKATIVE = (  # they print tips and what hardware there is, once per fit; and that they wait for what is there
    "lightning_fabric.utilities.rank_zero",
    "lightning_fabric.utilities.seed",
    "mlflow.store.model_registry.abstract_store",
    "pytorch_lightning.trainer.connectors.signal_connector",
    "pytorch_lightning.utilities.rank_zero",
)

for _name, _value in SWITCHES.items():
    os.environ.setdefault(_name, _value)
for _name in TALKATIVE:
    if logging.getLogger(_name).level == logging.NOTSET:
        logging.getLogger(_name).setLevel(logging.WARNING)
