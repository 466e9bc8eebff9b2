"""What a data set says about itself, so that nobody else needs to know it by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bridgenet.labels import Classes
from bridgenet.reading.sample import Reader
from bridgenet.tasks import TASKS, TaskName

Split = Literal["train", "val"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a data set when it is opened.

    Attributes:
        split: Which images.
        tasks: Whose ground truth will be read; now is the time to look whether it is all there.
        root: Folder of the data set; of one that needs none, the current folder.
        size: Height and width of the images, where they are drawn.
        count: How many images, likewise.
    """

    split: Split
    tasks: tuple[TaskName, ...]
    root: Path
    size: tuple[int, int]
    count: int


@dataclass(frozen=True, slots=True)
class EdgeProtocol:
    """How predicted boundaries are judged on a data set (odsF), so that numbers can be compared with published ones.

    Attributes:
        max_distance: How far a predicted and a true boundary may lie apart, as a share of the image's diagonal.
        outlined: The picture of true boundaries is outlined before it is thinned, as if its lines were regions. The
            SEISM evaluation does so where boundaries are given and not labels.
    """

    max_distance: float = 0.0075
    outlined: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A data set.

    Attributes:
        name: As in `DataConfig.name`. So its file is called, and its folder in $BRIDGENET_DATA.
        title: Name for people.
        open: The images of a split, or a `DataError` that says what is missing.
        tasks: What it has ground truth for, in the order of a network that learns all of it. Empty: its files say so,
            and opening it refuses the other tasks.
        classes: Of its tasks that name classes, as far as they are known before it is opened.
        describe: Of one whose files say what it is: itself, with the title, tasks and classes of what lies in a folder.
        described_in: The file that says so.
        needs_root: Whether it lies in a folder.
        photos: Whether its pictures are photographs; others are drawn.
        edges: How boundaries are judged.
        stereo: Where depth comes from the disparity of a stereo camera, its baseline in metres times its focal length
            in pixels: disparity is judged, too.
        view: Degrees that its pictures span along their longer side, where one camera took them all or nearly so.
        limits: What the card of a checkpoint has to say of its ground truth, by task; under None, of its pictures.
    """

    name: str
    title: str
    open: Callable[[Asked], Reader]
    tasks: tuple[TaskName, ...] = ()
    classes: Mapping[TaskName, Classes] = field(default_factory=dict)
    describe: Callable[[Path], "Source"] | None = None
    described_in: str = ""
    needs_root: bool = True
    photos: bool = True
    edges: EdgeProtocol = EdgeProtocol()
    stereo: float | None = None
    view: float | None = None
    limits: Mapping[TaskName | None, str] = field(default_factory=dict)

    @property
    def channels(self) -> dict[TaskName, int]:
        """Output channels of a network that learns all its tasks, by task."""
        return {task: TASKS[task].channels or len(self.classes[task]) for task in self.tasks}

    @property
    def pictures(self) -> str:
        """What its pictures are, in words."""
        return f"photos of {self.title}" if self.photos else self.title
