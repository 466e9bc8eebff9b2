"""What an attribution explains: one number of one task, averaged over a region of the image.

A target reads the predictions of a trace at the size of the image, so a number that is seen in a prediction can be
asked for. It keeps the graph: what is explained can be differentiated.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from bridgenet.inspection.region import Pixel, Region, Segment, Whole, connected_parts
from bridgenet.tasks import TASKS, TaskName, kind_of, of_kind
from bridgenet.trace import Trace


@dataclass(frozen=True, slots=True)
class Target:
    """One number per image. For the studio.

    Attributes:
        task: Whose prediction.
        component: Of classes: the index of one. Of a direction: 0, 1, 2 for x, y, z (`AXES`). None for the others.
        region: The number is averaged over these pixels.

    What the number is, at each pixel:
        classes: the class's logit minus the mean logit of the other classes. Softmax ignores what is added
            to all logits alike; so does this, and unlike a probability it does not saturate.
        metres: before negative values are cut off.
        direction: the component, -1..1, of the vector brought to length 1, which is how directions are read.
        probability: the log-odds: the one logit, or that of yes minus that of no.

    Raises:
        KeyError: There is no such task.
        ValueError: A component is missing, or the task has none.
    """

    task: TaskName
    component: int | None = None
    region: Region = field(default_factory=Whole)

    def __post_init__(self) -> None:
        kind_of_task = kind_of(self.task)
        needed = kind_of_task in ("classes", "direction")
        if needed and self.component is None:
            by_class = kind_of_task == "classes"
            kind = "the index of a class" if by_class else "a component: 0, 1 or 2 for x, y or z"
            raise ValueError(f"A target of {self.task} needs {kind}.")
        if not needed and self.component is not None:
            raise ValueError(f"{self.task} has one number per pixel. Leave the component out, got {self.component}.")

    @property
    def unit(self) -> str:
        """Unit of the number; empty for the component of a unit vector."""
        match TASKS[self.task].kind:
            case "classes" | "probability":
                return "logit"
            case "metres" | "direction":
                return TASKS[self.task].unit

    def value(self, trace: Trace) -> Float[Tensor, "batch"]:
        """The number for each image, differentiable with respect to all that led to it.

        Raises:
            ValueError: The network lacks the task, the class is out of range, or the region is empty at this size.
        """
        values = self.values(trace)
        mask = self.region.mask((values.shape[-2], values.shape[-1])).to(values.device)
        return values[:, mask].mean(dim=1)

    def values(self, trace: Trace) -> Float[Tensor, "batch height width"]:
        """The number at each pixel, before the average over the region."""
        if self.task not in trace.predictions:
            raise ValueError(f"This network does not predict {self.task}. It predicts: {', '.join(trace.predictions)}.")
        prediction = trace.predictions[self.task]
        channels = prediction.shape[1]
        if self.component is not None and not 0 <= self.component < channels:
            raise ValueError(
                f"{self.task} has components 0 to {channels - 1}, got {self.component}. Choose one of them."
            )
        match TASKS[self.task].kind:
            case "metres":
                return prediction[:, 0]
            case "direction":
                return F.normalize(prediction, dim=1)[:, self.component]
            case "probability":
                return _margin(prediction, channels - 1)
            case "classes":
                return _margin(prediction, self.component or 0)


def predicted_segment(trace: Trace, task: TaskName, *, index: int | None = None, at: Pixel | None = None) -> Segment:
    """Where the first image of a trace was predicted to be of one class.

    The segment stays what it is while features are cut or pixels deleted, so values remain comparable.

    Args:
        trace: The uncut forward pass.
        task: One with classes.
        index: Class; None takes the class at the pixel.
        at: Keep only the connected part around this pixel; None takes all parts.

    Raises:
        ValueError: The task has no classes, or nothing was predicted as this class there.
    """
    if task not in (able := of_kind("classes", trace.predictions)):
        raise ValueError(f"{task} has no predicted segments here. Tasks with segments: {', '.join(able) or 'none'}.")
    if index is None and at is None:
        raise ValueError("Which segment? Give the index of a class, a pixel, or both.")
    labels = trace.predictions[task][0].argmax(dim=0).cpu().numpy()
    size = (labels.shape[0], labels.shape[1])
    if index is None and at is not None:
        index = int(labels[at.place(size)])
    pixels = labels == index
    if not pixels.any():
        present = ", ".join(str(value) for value in np.unique(labels))
        raise ValueError(f"No pixel was predicted as class {index}. Present classes: {present}.")
    if at is None:
        return Segment(pixels)
    if not pixels[at.place(size)]:
        raise ValueError(
            f"The pixel ({at.x}, {at.y}) was predicted as class {labels[at.place(size)]}, not {index}. "
            "Choose a pixel inside the segment."
        )
    parts = connected_parts(labels)
    return Segment(parts == parts[at.place(size)])


def _margin(logits: Float[Tensor, "batch channels height width"], index: int) -> Float[Tensor, "batch height width"]:
    """One logit minus the mean of the others."""
    chosen, others = logits[:, index], logits.shape[1] - 1
    return chosen if others == 0 else chosen - (logits.sum(dim=1) - chosen) / others
