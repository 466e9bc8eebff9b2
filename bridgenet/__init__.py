"""BridgeNet: multi-task dense prediction whose tasks help each other through bridge features.

The public names load on first use, so that `import bridgenet` costs nothing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# PyTorch's threads wait for each other after every operation, and wait awake if nobody says otherwise. Beside one busy
# program that holds all of them up: an analysis takes three to five times as long, a training thirty. Asleep
# they are as quick as alone, and wake up later where nothing else runs: benchmarks/busy.json.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if TYPE_CHECKING:
    from bridgenet.checkpoint import load_model
    from bridgenet.model import NETWORKS, BridgeNet, Network, build_model
    from bridgenet.predictor import Predictor
    from bridgenet.presets import PRESETS
    from bridgenet.sources import SOURCES
    from bridgenet.tasks import TASKS
    from bridgenet.trace import Trace

__all__ = [
    "NETWORKS",
    "PRESETS",
    "SOURCES",
    "TASKS",
    "BridgeNet",
    "Network",
    "Predictor",
    "Trace",
    "build_model",
    "load_model",
]

_HOMES = {
    "NETWORKS": "bridgenet.model",
    "PRESETS": "bridgenet.presets",
    "SOURCES": "bridgenet.sources",
    "TASKS": "bridgenet.tasks",
    "BridgeNet": "bridgenet.model",
    "Network": "bridgenet.model",
    "Predictor": "bridgenet.predictor",
    "Trace": "bridgenet.trace",
    "build_model": "bridgenet.model",
    "load_model": "bridgenet.checkpoint",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bridgenet' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
