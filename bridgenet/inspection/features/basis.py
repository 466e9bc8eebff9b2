"""One basis of colours for all images: principal directions that are kept with the checkpoint.

A basis fitted on one image gives that image's colours a meaning, and the next image's another one. This one is fitted
once on reference images and saved, so that equal colours mean equal features across images, kinds and tasks:

* Kinds of equal width share one basis: entering, bridge and refined features of a decoder stage (`stages.<i>`);
  task-specific features before and after TPP (`base`). Every map is centred by its own reference mean (with a common
  mean the first components would merely tell the maps apart), and every kind is brought to the same strength.
* A backbone level (`task_generic.<level>`) has another width. It is drawn in its own three components, turned so that
  they agree best with the bridge feature of the same scale: there similar colours mean "varies alike".
* Signs are fixed, and red, green and blue run from the first to the last percentile of all maps of a group together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.linalg import orthogonal_procrustes
from torch import Tensor, nn
from torch.nn import functional as F

from bridgenet.files import replacing
from bridgenet.inspection.features.components import COMPONENTS, feature_array, fix_signs
from bridgenet.inspection.features.familiarity import Familiarity
from bridgenet.inspection.images import check_image
from bridgenet.model.modes import evaluating
from bridgenet.trace import Trace

BASIS_FILE = "feature_basis.npz"
"""Name of the basis in a checkpoint folder."""

TOKENS_PER_MAP = 256
"""Of each map of a reference image at most so many tokens are kept, drawn at random with a fixed seed."""

FEWEST_TOKENS = 4

_FORMAT = 1
_FINGERPRINT_VALUES = 64

Mask = Bool[np.ndarray, "height width"]
"""Which pixels of an image count."""

Tokens = Float[np.ndarray, "_ _"]


class BasisError(ValueError):
    """A basis is missing, damaged, or was fitted for another network. The message says what to do."""


@dataclass(frozen=True)
class GroupBasis:
    """How the maps of one group become colours.

    Attributes:
        directions: Unit vectors, one column per colour.
        limits: Scores at which each colour is 0 (first row) and 255 (second row).
        explained: Share of the group's variance along the directions, 0..1.
        means: What is taken away from every token, by path.
        strengths: What it is then divided by, by path; the same for all tasks of a kind.
    """

    directions: Float[np.ndarray, "channels 3"]
    limits: Float[np.ndarray, "2 3"]
    explained: float
    means: dict[str, Float[np.ndarray, " channels"]]
    strengths: dict[str, float]

    def levels(self, path: str, feature: Float[np.ndarray, "channels height width"]) -> Float[np.ndarray, "_ _ 3"]:
        """A map of the group as levels of the three colours, 0..1."""
        scores = np.einsum("ck,chw->hwk", self.directions, feature - self.means[path][:, None, None])
        low, high = self.limits
        constant = high - low < 1e-12
        level = np.where(constant, 0.5, (scores / self.strengths[path] - low) / np.where(constant, 1, high - low))
        return np.clip(level, 0, 1)


@dataclass(frozen=True)
class FeatureBasis:
    """Colours of all feature maps of one network.

    Attributes:
        groups: The basis of each group: `base`, `stages.<i>`, `task_generic.<level>`, `encoder.<stage>`.
        images: On how many images it was fitted.
        source: Which images, in words.
        fingerprint: Of the weights it was fitted for; empty for a basis that is not kept.
        familiarity: What the network has learnt from; None where that was not measured.
    """

    groups: dict[str, GroupBasis]
    images: int
    source: str = ""
    fingerprint: str = ""
    familiarity: Familiarity | None = None

    @property
    def paths(self) -> list[str]:
        """Trace paths of all maps that it can colour."""
        return [path for group in self.groups.values() for path in group.means]

    def levels(self, trace: Trace, paths: Iterable[str] | None = None) -> dict[str, Float[np.ndarray, "_ _ 3"]]:
        """Levels of the three colours at every token of feature maps, 0..1, by path.

        Args:
            trace: Of a batch the first image counts.
            paths: Which maps; None takes all.

        Raises:
            BasisError: The trace comes from a network of another shape.
            KeyError: A path is not one of `paths`.
        """
        tensors = dict(trace.items())
        levels = {}
        for path in self.paths if paths is None else paths:
            group = self._group(path)
            if path not in tensors or tensors[path].shape[1] != len(group.directions):
                found = f"{tensors[path].shape[1]} channels" if path in tensors else "nothing"
                raise BasisError(
                    f"This basis knows {path} with {len(group.directions)} channels, the trace has {found} there: it "
                    f"belongs to another network. {_how_to_make('CHECKPOINT')}"
                )
            levels[path] = group.levels(path, feature_array(tensors[path]))
        return levels

    def explained(self, path: str) -> float:
        """Share of variance, 0..1, that the three colours show of a group: by its name, or the path of a map in it."""
        return self._group(path).explained

    def _group(self, path: str) -> GroupBasis:
        if path in self.groups:
            return self.groups[path]
        for group in self.groups.values():
            if path in group.means:
                return group
        raise KeyError(f"This basis has no colours for {path!r}. It has {', '.join(self.paths)}.")

    def save(self, path: Path) -> None:
        """Write the basis; the file is replaced as a whole.

        Raises:
            WriteError: It cannot be written.
        """
        content: dict[str, np.ndarray] = {
            "format": np.array(_FORMAT),
            "images": np.array(self.images),
            "source": np.array(self.source),
            "fingerprint": np.array(self.fingerprint),
        }
        for name, group in self.groups.items():
            content[f"{name}/directions"] = group.directions
            content[f"{name}/limits"] = group.limits
            content[f"{name}/explained"] = np.array(group.explained)
            for member, mean in group.means.items():
                content[f"{name}/mean/{member}"] = mean
                content[f"{name}/strength/{member}"] = np.array(group.strengths[member])
        if self.familiarity is not None:
            content |= self.familiarity.pack()
        with replacing(path) as file:
            np.savez(file, allow_pickle=False, **content)

    @classmethod
    def load(cls, path: Path, model: nn.Module | None = None) -> "FeatureBasis":
        """Read a basis.

        Args:
            path: What `save` wrote.
            model: If given, the network whose features it must have been fitted on.

        Raises:
            BasisError: The file is missing, damaged, or belongs to other weights.
        """
        path = Path(path)
        if not path.is_file():
            raise BasisError(f"There is no basis {path}. {_how_to_make(path.parent)}")
        try:
            with np.load(path, allow_pickle=False) as file:
                basis = _unpack({name: file[name] for name in file.files})
        except Exception as error:  # Damaged archives raise whatever their reader trips over.
            raise BasisError(f"{path} is not a readable basis ({error}). {_how_to_make(path.parent)}") from error
        if model is not None and basis.fingerprint != weights_fingerprint(model):
            raise BasisError(
                f"{path} was fitted on the features of other weights: its colours would mean nothing here. "
                f"{_how_to_make(path.parent)}"
            )
        return basis


def fit_basis(
    model: nn.Module, images: Iterable[Tensor], source: str = "", tokens_per_map: int | None = TOKENS_PER_MAP
) -> FeatureBasis:
    """The basis of a network, from its features of reference images. For the commands and benchmarks.

    Args:
        model: A network that turns a batch of images into a `Trace`. It is asked in evaluation mode.
        images: RGB 0..1, (3, height, width) or (1, 3, height, width), of any sizes.
        source: Which images these are, in words.
        tokens_per_map: At most so many tokens of each map of an image count.

    Raises:
        BasisError: There are no images.
        ValueError: One of them is none.
    """
    device = next(model.parameters()).device
    collected = _Collected(tokens_per_map)
    with torch.inference_mode(), evaluating(model):
        for image in images:
            batch = image if image.ndim == 4 else image[None]
            check_image(batch[0])
            collected.add(model(batch.to(device)))
    return collected.fit(source, weights_fingerprint(model))


def basis_of_trace(trace: Trace, mask: Mask | None = None, source: str = "this image") -> FeatureBasis:
    """The basis of one image alone, or of a part of it: its colours use the whole range, and hold for it alone.

    Args:
        trace: Of a batch the first image counts.
        mask: Which pixels count, at any size. Means, directions and limits come from the tokens that are mostly
            inside. None takes all.
        source: What it is fitted on, in words.

    Raises:
        BasisError: The mask has too few pixels.
    """
    collected = _Collected(None)
    collected.add(trace, mask)
    return collected.fit(source, "")


def weights_fingerprint(model: nn.Module) -> str:
    """Names, shapes and first values of all weights, as a short code: equal for equal weights on any device."""
    digest = sha256()
    for name, value in model.state_dict().items():
        first = value.detach().flatten()[:_FINGERPRINT_VALUES].float().cpu().numpy()
        digest.update(f"{name}{tuple(value.shape)}".encode())
        digest.update(first.tobytes())
    return digest.hexdigest()[:16]


class _Collected:
    """Tokens of the maps of all images, by path."""

    def __init__(self, tokens_per_map: int | None) -> None:
        self.tokens_per_map = tokens_per_map
        self.images = 0
        self.groups: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, list[Tokens]] = {}
        self.partners: dict[str, tuple[str, list[Tokens]]] = {}
        """Of backbone maps that decoder stages stand beside: the stage's map, and its tokens on their grid."""

    def add(self, trace: Trace, mask: Mask | None = None) -> None:
        """Keep tokens of every map of the first image."""
        self.images += 1
        self.groups = _groups(trace)
        tensors = dict(trace.items())
        for kinds in self.groups.values():
            for path in kinds:
                self._keep(self.tokens.setdefault(path, []), tensors[path], mask)
        for level, generic in enumerate(trace.task_generic if trace.stages else ()):
            partner = _partner(trace, level)
            _, kept = self.partners.setdefault(f"task_generic.{level}", (partner, []))
            size = generic.shape[-2:]
            resized = F.interpolate(tensors[partner][:1].float(), size, mode="bilinear", align_corners=False)
            self._keep(kept, resized, mask)

    def fit(self, source: str, fingerprint: str) -> FeatureBasis:
        """The basis of all that was kept."""
        if not self.images:
            raise BasisError("A basis needs at least one image.")
        bases: dict[str, GroupBasis] = {}
        for name, kinds in self.groups.items():
            if name not in self.partners:
                bases[name] = _joint_basis({path: np.concatenate(self.tokens[path]) for path in kinds}, kinds)
        for name, (partner, kept) in self.partners.items():
            wanted = next(basis for basis in bases.values() if partner in basis.means)
            scores = (np.concatenate(kept) - wanted.means[partner]) @ wanted.directions
            bases[name] = _joint_basis({name: np.concatenate(self.tokens[name])}, {name: name}, scores)
        return FeatureBasis({name: bases[name] for name in self.groups}, self.images, source, fingerprint)

    def _keep(self, kept: list[Tokens], feature: Tensor, mask: Mask | None) -> None:
        array = feature_array(feature)
        flat, inside = array.reshape(len(array), -1).T, _inside(mask, (array.shape[1], array.shape[2]))
        if self.tokens_per_map is not None and len(inside) > self.tokens_per_map:
            inside = np.random.default_rng(0).choice(inside, self.tokens_per_map, replace=False)
        kept.append(flat[inside])


def _groups(trace: Trace) -> dict[str, dict[str, str]]:
    """The kind of every path, by group."""
    groups = {f"task_generic.{level}": {f"task_generic.{level}": "generic"} for level in range(len(trace.task_generic))}
    for name, part in trace.encoder.items():
        kinds = {f"encoder.{name}.task_specific.{task}": "encoder" for task in part.task_specific}
        groups[f"encoder.{name}"] = kinds | {f"encoder.{name}.joined.{task}": "joined" for task in part.joined}
    base = {f"task_specific.{task}": "before" for task in trace.task_specific}
    if trace.pattern is not None:
        base |= {f"pattern.feature.{task}": "after" for task in trace.pattern.feature}
    if base:
        groups["base"] = base
    for index, stage in enumerate(trace.stages):
        kinds = {f"stages.{index}.task_specific.{task}": "entering" for task in stage.task_specific}
        if stage.bridge is not None:
            kinds[f"stages.{index}.bridge"] = "bridge"
        kinds |= {f"stages.{index}.refined.{task}": "refined" for task in stage.refined}
        groups[f"stages.{index}"] = kinds
    return groups


def _partner(trace: Trace, level: int) -> str:
    """The decoder's map at the scale of a backbone level, or at the nearest: the bridge, if there is one."""
    index = min(len(trace.task_generic) - 1 - level, len(trace.stages) - 1)
    stage = trace.stages[index]
    kind = "bridge" if stage.bridge is not None else f"refined.{next(iter(stage.refined))}"
    return f"stages.{index}.{kind}"


def _inside(mask: Mask | None, grid: tuple[int, int]) -> np.ndarray:
    """Numbers of the tokens that count."""
    if mask is None:
        return np.arange(grid[0] * grid[1])
    pixels = torch.from_numpy(mask.astype(np.float32))[None, None]
    cover = F.interpolate(pixels, grid, mode="bilinear", antialias=True)[0, 0].numpy().ravel()
    # A small object may be the greater part of no token of a coarse grid.
    inside = np.flatnonzero(cover > 0.5)
    if len(inside) < FEWEST_TOKENS:
        inside = np.flatnonzero(cover > 0)
    if len(inside) < FEWEST_TOKENS:
        raise BasisError(
            f"The foreground touches {len(inside)} of the {grid[0]} x {grid[1]} tokens, a basis needs {FEWEST_TOKENS}. "
            "Colour the whole image."
        )
    return inside


def _joint_basis(
    tokens: Mapping[str, Tokens], kinds: Mapping[str, str], wanted: Float[np.ndarray, "_ 3"] | None = None
) -> GroupBasis:
    """Principal directions of maps of equal width.

    Args:
        tokens: Of each map.
        kinds: Kind of each map: kinds count the same, and so do the maps of a kind.
        wanted: Scores of the same tokens on another basis, to which the directions are turned.
    """
    means = {path: entry.mean(axis=0, dtype=np.float64) for path, entry in tokens.items()}
    centred = {path: entry - means[path] for path, entry in tokens.items()}
    of_kind = {kind: [path for path in tokens if kinds[path] == kind] for kind in kinds.values()}
    variance = {
        kind: np.mean([np.square(centred[path]).sum(axis=1).mean() for path in paths])
        for kind, paths in of_kind.items()
    }
    strengths = {path: max(float(np.sqrt(variance[kinds[path]] / len(means[path]))), 1e-12) for path in tokens}
    covariance = np.zeros((len(next(iter(means.values()))),) * 2)
    for path, entry in centred.items():
        scaled = entry / strengths[path]
        covariance += scaled.T @ scaled / (len(scaled) * len(of_kind[kinds[path]]))
    variances, vectors = np.linalg.eigh(covariance)
    used = min(COMPONENTS, len(variances))
    directions = np.zeros((len(variances), COMPONENTS))
    directions[:, :used] = fix_signs(vectors[:, ::-1][:, :used])
    if wanted is not None:
        (only,) = centred.values()
        rotation, _ = orthogonal_procrustes(only @ directions, wanted - wanted.mean(axis=0))
        directions = directions @ np.asarray(rotation)
    scores = np.concatenate([centred[path] @ directions / strengths[path] for path in tokens])
    total = float(variances.sum())
    return GroupBasis(
        directions=directions.astype(np.float32),
        limits=np.percentile(scores, (1, 99), axis=0).astype(np.float32),
        explained=float(variances[::-1][:used].sum() / total) if total > 0 else 1.0,
        means={path: mean.astype(np.float32) for path, mean in means.items()},
        strengths=strengths,
    )


def _unpack(content: dict[str, np.ndarray]) -> FeatureBasis:
    if int(content["format"]) != _FORMAT:
        raise ValueError(f"its format is {int(content['format'])}, expected {_FORMAT}")
    groups = {}
    for name in dict.fromkeys(key.split("/")[0] for key in content if "/" in key):
        prefix = f"{name}/mean/"
        means = {key.removeprefix(prefix): value for key, value in content.items() if key.startswith(prefix)}
        groups[name] = GroupBasis(
            directions=content[f"{name}/directions"],
            limits=content[f"{name}/limits"],
            explained=float(content[f"{name}/explained"]),
            means=means,
            strengths={path: float(content[f"{name}/strength/{path}"]) for path in means},
        )
    said = (int(content["images"]), str(content["source"]), str(content["fingerprint"]))
    return FeatureBasis(groups, *said, Familiarity.unpack(content))


def _how_to_make(folder: Path | str) -> str:
    return f"Make one: python -m bridgenet.prepare basis {folder}"
