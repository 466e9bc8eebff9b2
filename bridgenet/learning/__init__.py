"""How the network learns: losses, metrics, the loop, and the folders that keep what was learnt."""

from bridgenet.learning.ablation import ABLATIONS, AblationRun, Interval, ablate, gains, levels, read_runs, t_interval
from bridgenet.learning.data_root import locate_data
from bridgenet.learning.evaluation import evaluate
from bridgenet.learning.launch import Launch, read_launch
from bridgenet.learning.loop import TrainingError, train
from bridgenet.learning.losses import Losses, MultiTaskLoss
from bridgenet.learning.metrics import METRIC_UNITS, MultiTaskMetrics, in_words, multi_task_gain
from bridgenet.learning.notices import plain_warnings
from bridgenet.learning.record import Row
from bridgenet.learning.resume import ResumeChoice, check_finished, find_state, finished_steps
from bridgenet.learning.runtime import TIMEOUT, LostProcessError, Runtime, float32_products, start_runtime
from bridgenet.learning.sampling import plain_message, shareable

__all__ = [
    "ABLATIONS",
    "METRIC_UNITS",
    "TIMEOUT",
    "AblationRun",
    "Interval",
    "Launch",
    "Losses",
    "LostProcessError",
    "MultiTaskLoss",
    "MultiTaskMetrics",
    "ResumeChoice",
    "Row",
    "Runtime",
    "TrainingError",
    "ablate",
    "check_finished",
    "evaluate",
    "find_state",
    "finished_steps",
    "float32_products",
    "gains",
    "in_words",
    "levels",
    "locate_data",
    "multi_task_gain",
    "plain_message",
    "plain_warnings",
    "read_launch",
    "read_runs",
    "shareable",
    "start_runtime",
    "t_interval",
    "train",
]
