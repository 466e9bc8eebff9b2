"""Who influences whom: remove one task from what the others read, and measure every other task in its own unit.

Beside the causal matrix stands what attention alone would say, and the rank correlation of both. A number means
little without its control: the same share of what is read, dropped at random.
"""

import csv
import warnings
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, cast

import numpy as np
import scipy
import torch
from jaxtyping import Float
from torch import Tensor

from bridgenet.inspection.attention.shares import attention_shares
from bridgenet.inspection.effects import effect_of
from bridgenet.inspection.images import fitted, single_images
from bridgenet.inspection.intervene import (
    Norm,
    check_way,
    decode_again,
    device_of,
    meetings_at,
    random_drop,
    without_task,
)
from bridgenet.model.modes import evaluating
from bridgenet.model.network import Network, Removal
from bridgenet.tasks import TASKS, TaskName
from bridgenet.trace import Trace

Progress = Callable[[int, int], None]
"""Called with (done, total) after every pass of the network. May raise to cancel."""

Seen = Callable[[int, str, Trace], None]
"""Called with the number of the image, the source that was removed (empty: none), and the trace of that pass."""

SeenControl = Callable[[int, int, Trace], None]
"""Called with the number of the image, that of the random draw, and the trace of that pass."""

CONFIDENCE = 0.95
FEWEST_CELLS = 3
"""Fewer cells have no rank order worth the name."""


@dataclass(frozen=True, slots=True, eq=False)
class InteractionMatrix:
    """Effect of removing each task on each other one. Rows are sources, columns targets, both in the order of `tasks`.

    For the studio.

    The diagonal says what a task loses when it is refined without its own tokens; TPP leaves it its own map.

    Attributes:
        tasks: Names, in the order of the network.
        effect: (source, target) mean effect over the images, in the unit of the target.
        control: (target,) mean effect of dropping 1 / tasks of everything that is read, at random; the same for every
            source, hence one row.
        units: Unit of each target's effect and control.
        interval: (source, target) half width of the 95 % t-interval of `effect` over images; NaN for one image.
        control_interval: (target,) the same for `control`.
        samples: (image, source, target) effect for every image.
        control_samples: (image, target) control for every image, mean over its draws.
        images: Number of images.
        attention: (source, target) share of the source in what the target reads, see `attention_shares`; columns sum
            to 1. NaN in a network where no attention tells.
        attention_samples: (image, source, target) the same for every image.
        rank_correlation: Spearman's between `strength` and `attention` over the off-diagonal cells. Cells without a
            strength are left out; NaN for fewer than three cells (two tasks have two), or when either is constant.
        removal: What took the place of the source.
        places: Where it was removed.
        norm: `held` or `free` statistics of the joint layer norm.
    """

    tasks: tuple[str, ...]
    effect: Float[np.ndarray, "tasks tasks"]
    control: Float[np.ndarray, "tasks"]
    units: dict[str, str]
    interval: Float[np.ndarray, "tasks tasks"]
    control_interval: Float[np.ndarray, "tasks"]
    samples: Float[np.ndarray, "images tasks tasks"]
    control_samples: Float[np.ndarray, "images tasks"]
    images: int
    attention: Float[np.ndarray, "tasks tasks"]
    attention_samples: Float[np.ndarray, "images tasks tasks"]
    rank_correlation: float
    removal: Removal
    places: tuple[str, ...]
    norm: Norm

    @property
    def strength(self) -> Float[np.ndarray, "tasks tasks"]:
        """Effect over control: above 1, the source matters more than as much of anything. No unit, so cells compare.

        Where the control is 0 an effect is infinitely strong, and no effect is NaN.
        """
        return strength_of(self.effect, self.control)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON takes it: lists, numbers, texts; what is not finite becomes None."""
        arrays = ("effect", "control", "interval", "control_interval", "samples", "control_samples", "attention")
        return {
            "tasks": list(self.tasks),
            "units": dict(self.units),
            "images": self.images,
            "removal": self.removal,
            "places": list(self.places),
            "norm": self.norm,
            "rank_correlation": _finite(self.rank_correlation),
            "strength": _finite(self.strength.tolist()),
            **{name: _finite(getattr(self, name).tolist()) for name in arrays},
        }

    def to_csv(self) -> str:
        """One line per cell, with its unit, interval, control and the settings."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        settings = (self.removal, "+".join(self.places), self.norm, self.images)
        names = "source target effect unit interval control control_interval strength attention"
        writer.writerow([*names.split(), "removal", "places", "norm", "images"])
        for row, source in enumerate(self.tasks):
            for column, target in enumerate(self.tasks):
                cell = (array[row, column] for array in (self.strength, self.attention))
                effect = (self.effect[row, column], self.units[target], self.interval[row, column])
                control = (self.control[column], self.control_interval[column])
                writer.writerow([source, target, *effect, *control, *cell, *settings])
        return text.getvalue()


@torch.inference_mode()
def interaction_matrix(
    model: Network,
    images: Tensor | Iterable[Tensor],
    removal: Removal | str = "mask",
    *,
    places: Collection[str] | None = None,
    norm: Norm | str = "held",
    other: Tensor | None = None,
    draws: int = 3,
    seed: int = 0,
    progress: Progress | None = None,
    seen: Seen | None = None,
    seen_control: SeenControl | None = None,
) -> InteractionMatrix:
    """The causal cross-task matrix of a network over one image or more.

    A backbone that all tasks share sees each image once; each source and each draw of the control runs everything from
    where tasks meet on again. The model is left as it was, hooks and modes, also when a pass fails or `progress`
    raises.

    Args:
        model: Any network that says where its tasks meet.
        images: RGB in 0..1, (batch, 3, height, width), one alone (3, height, width), or several of any sizes.
        removal: What takes the place of the source, see `without_task`.
        places: Where it is removed, see `without_task`.
        norm: Statistics of the joint layer norm, see `without_task`.
        other: For `swap`: the image that the source is taken from, resized where needed. None takes for each image
            the next one, for the last the first.
        draws: Random drops per image, whose mean effect is the control. With 0 there is none: NaN.
        seed: Fixes them.
        progress: Called with (done, total) after every pass.
        seen: Called with the uncut pass of every image and with every pass without a source: the matrix keeps none.
        seen_control: Called with every pass of a random draw.

    Raises:
        ValueError: Images are missing or malformed, a name is unknown, tasks meet in none of the places, or `swap`
            has no other image.
    """
    pictures = single_images(images)
    way = check_way(removal, norm)
    present = tuple(meeting.name for meeting in meetings_at(model, places))
    if draws < 0:
        raise ValueError(f"The control is the mean of some random draws, or of none; got {draws}.")
    if removal == "swap" and other is None and len(pictures) < 2:
        raise ValueError("Removal 'swap' takes the task from another image: give `other`, or more than one image.")
    passes = _Passes(model, way, present, cast(Norm, norm), draws, seed, progress, seen, seen_control, len(pictures))
    with evaluating(model):
        for index, picture in enumerate(pictures):
            partner = other if other is not None else pictures[(index + 1) % len(pictures)]
            passes.measure(index, picture, partner if removal == "swap" else None)
    return passes.matrix()


def rank_correlation(strength: Float[np.ndarray, "n n"], attention: Float[np.ndarray, "n n"]) -> float:
    """Spearman's rank correlation over the off-diagonal cells that have a strength; NaN when it is undefined."""
    cells = ~np.eye(len(strength), dtype=bool) & ~np.isnan(strength)
    if cells.sum() < FEWEST_CELLS:
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.stats.ConstantInputWarning)
        return float(cast(Any, scipy.stats.spearmanr(strength[cells], attention[cells])).statistic)


def strength_of(effect: Float[np.ndarray, "n n"], control: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n n"]:
    """Effect over the control of its target (column); where the control is 0: infinity, or NaN without effect."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return effect / control


def half_width(samples: np.ndarray) -> np.ndarray:
    """Half width of the 95 % t-interval of the mean over the first axis; NaN for a single sample."""
    count = len(samples)
    if count < 2:
        return np.full(samples.shape[1:], np.nan)
    return np.asarray(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, count - 1) * samples.std(axis=0, ddof=1) / np.sqrt(count))


@dataclass
class _Passes:
    """The passes over all images, and what they measured so far."""

    model: Network
    removal: Removal
    places: tuple[str, ...]
    norm: Norm
    draws: int
    seed: int
    progress: Progress | None
    seen: Seen | None
    seen_control: SeenControl | None
    images: int
    done: int = 0
    tasks: tuple[TaskName, ...] = ()
    effects: list[list[list[float]]] = field(default_factory=list)
    controls: list[list[float]] = field(default_factory=list)
    shares: list[np.ndarray] = field(default_factory=list)

    def measure(self, index: int, picture: Tensor, partner: Tensor | None) -> None:
        """All passes of one image."""
        trace = self._forward(picture)
        other = None if partner is None else self._forward(fitted(partner, picture))
        self.tasks = tuple(trace.predictions)
        if len(self.tasks) < 2:
            raise ValueError(
                f"One task alone ({', '.join(self.tasks)}) influences no other: the network needs two or more."
            )
        self._show(index, "", trace)
        self._report()
        effects = []
        for source in self.tasks:
            with without_task(self.model, trace, source, self.removal, places=self.places, norm=self.norm, other=other):
                after = decode_again(self.model, trace)
            effects.append(self._effects(trace, after))
            self._show(index, source, after)
            self._report()
        controls = []
        for draw in range(self.draws):
            seed = int(np.random.SeedSequence((self.seed, index, draw)).generate_state(1)[0])
            share = 1 / len(self.tasks)
            with random_drop(self.model, trace, share, seed, places=self.places, norm=self.norm):
                after = decode_again(self.model, trace)
            controls.append(self._effects(trace, after))
            if self.seen_control is not None:
                self.seen_control(index, draw, after)
            self._report()
        self.effects.append(effects)
        self.controls.append(np.mean(controls, axis=0).tolist() if controls else [float("nan")] * len(self.tasks))
        self.shares.append(attention_shares(self.model, trace, self.places))

    def matrix(self) -> InteractionMatrix:
        """The means over the images."""
        samples, controls = np.array(self.effects), np.array(self.controls)
        shares = np.array(self.shares)
        effect, control, attention = samples.mean(axis=0), controls.mean(axis=0), shares.mean(axis=0)
        return InteractionMatrix(
            tasks=self.tasks,
            effect=effect,
            control=control,
            units={task: TASKS[cast(TaskName, task)].change_unit for task in self.tasks},
            interval=half_width(samples),
            control_interval=half_width(controls),
            samples=samples,
            control_samples=controls,
            images=len(samples),
            attention=attention,
            attention_samples=shares,
            rank_correlation=rank_correlation(strength_of(effect, control), attention),
            removal=self.removal,
            places=self.places,
            norm=self.norm,
        )

    def _forward(self, picture: Tensor) -> Trace:
        return self.model(picture[None].to(device_of(self.model)))

    def _effects(self, trace: Trace, after: Trace) -> list[float]:
        return [effect_of(task, trace.predictions[task], after.predictions[task]) for task in self.tasks]

    def _show(self, index: int, source: str, trace: Trace) -> None:
        if self.seen is not None:
            self.seen(index, source, trace)

    def _report(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.images * (1 + len(self.tasks) + self.draws))


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if np.isfinite(value) else None
