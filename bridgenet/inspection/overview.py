"""A network as the paper's overview figure (Fig. 2): columns from the photo to the answers, and who reads whom.

Names and links alone: whoever draws it decides where things stand. What is told comes from the trace of a pass and from
what the network declares of itself, its `meetings` and the backbone maps it reads, so every system gets a figure.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from bridgenet.catalogue import explain
from bridgenet.model.network import Meeting, Network, Pairs
from bridgenet.tasks import TaskName
from bridgenet.trace import Trace

NodeKind = Literal[
    "photo", "generic", "encoder", "joined", "specific", "before", "after", "entering", "bridge", "shared", "refined",
    "fused", "answer",
]  # fmt: skip
"""What a node shows: the photo, a feature of a kind that the studio's Features name, or what joins tasks or answers.

`shared` is what all tasks are joined to on their way to a finer scale, and `fused` what a task has of all that it got.
"""

PHOTO = "What the network is asked about; every answer has a value for each of its pixels."


@dataclass(frozen=True, slots=True)
class Node:
    """One place of the figure.

    Attributes:
        id: Such as `refined-2-depth`.
        kind: What it shows.
        column: From 0, the photo, to the right.
        path: Of its tensor in the trace; empty where it has none.
        task: Whose it is; None for what is everybody's.
        stage: Of the decoder, counted from the coarsest; None outside it.
        term: The paper's term.
        sentence: What it is, as the catalogue says it.
        shape: Channels, height and width; empty without a tensor.
    """

    id: str
    kind: NodeKind
    column: int
    path: str
    task: TaskName | None
    stage: int | None
    term: str
    sentence: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """What goes from one node to another, always to the right or, within the backbone, down.

    Attributes:
        source: Id of a node.
        target: Id of a node.
        task: Whose feature it is; None for what is everybody's.
        meeting: Name of the meeting in which tasks are read here; None where nobody is.
        places: Where in the trace that happens, such as `stages.0`.
    """

    source: str
    target: str
    task: TaskName | None = None
    meeting: str | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """The figure of one network.

    Attributes:
        tasks: One lane each: the tasks that are answered, then those that are only learnt beside them.
        nodes: In the order of the computation.
        links: Likewise.
    """

    tasks: tuple[TaskName, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]

    @property
    def meets(self) -> dict[str, Pairs]:
        """Who reads whom, (source, target) by meeting, as the links say: directly, or through a hub."""
        nodes = {node.id: node for node in self.nodes}
        found: dict[str, set[tuple[TaskName, TaskName]]] = {}
        for link in self.links:
            if link.meeting is None or link.task is None:
                continue
            target, pairs = nodes[link.target], found.setdefault(link.meeting, set())
            ends = [target] if target.task else [nodes[out.target] for out in self.links if out.source == target.id]
            pairs.update((link.task, end.task) for end in ends if end.task and end.task != link.task)
        return {meeting: frozenset(pairs) for meeting, pairs in found.items()}


def overview(model: Network, trace: Trace) -> Overview:
    """The figure of a network. For the studio.

    Args:
        model: The network.
        trace: A pass of it, for what there is and for shapes.
    """
    draft = _Draft(model, trace)
    draft.encode()
    draft.decode()
    draft.answer()
    return Overview(draft.tasks, tuple(draft.nodes), tuple(draft.links))


Here = list[tuple[Meeting, Pairs]]
"""Meetings at a place, and who reads whom there."""


@dataclass
class _Draft:
    """A figure that grows from left to right.

    Attributes:
        ends: The node at which every lane has arrived.
        hubs: What all tasks were joined in since, and what the next node of every lane is given.
    """

    model: Network
    trace: Trace
    nodes: list[Node] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    hubs: list[tuple[str, str | None, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tasks: tuple[TaskName, ...] = tuple(dict.fromkeys((*self.trace.predictions, *self.trace.task_specific)))
        self.maps = self.model.maps_read(self.trace)
        self.shapes = {path: tuple(tensor.shape[1:]) for path, tensor in self.trace.items()}
        self.met: dict[str, Here] = {}
        for meeting in self.model.meetings:
            for place, pairs in meeting.pairs(self.trace).items():
                self.met.setdefault(place, []).append((meeting, pairs))

    def encode(self) -> None:
        """The photo, the backbone, and encoders that are the tasks' own."""
        self._add("photo", "photo", "", term="photo", sentence=PHOTO)
        before = "photo"
        column = self._next()
        for level in range(len(self.trace.task_generic)):
            node = self._add(f"generic-{level}", "generic", f"task_generic.{level}", column=column)
            self.links.append(Link(before, node))
            before = node
        for name, stage in self.trace.encoder.items():
            place = f"encoder.{name}"
            # After the first stage, what is joined stands for what enters it: the lanes would be twice as long.
            if not stage.joined or not self.ends:
                self._lanes("encoder", f"{place}.task_specific", stage.task_specific, name=name, maps=place)
            if stage.joined:
                self._lanes("joined", f"{place}.joined", stage.joined, name=name, met=[place])

    def decode(self) -> None:
        """What each task makes of the backbone, and where the decoder lets tasks meet."""
        trace = self.trace
        if trace.encoder or "task_specific" in self.maps:
            kind = "before" if trace.pattern else "specific"
            self._lanes(kind, "task_specific", trace.task_specific, maps="task_specific")
        if trace.pattern:
            self._lanes("after", "pattern.feature", trace.pattern.feature, met=["pattern"])
        places = [f"stages.{index}" for index in range(len(trace.stages))]
        stages = list(zip(places, trace.stages, strict=True))
        handed_on = any(self._joined(place) and stage.bridge is None for place, stage in stages)
        for index, (place, stage) in enumerate(stages):
            if handed_on:
                self._lanes("entering", f"{place}.task_specific", stage.task_specific, name=index, maps=place)
                self._hub(f"shared-{index}", "shared", "", index, self._joined(place))
            elif stage.bridge is not None:
                self._hub(f"bridge-{index}", "bridge", f"{place}.bridge", index, self._joined(place), maps=place)
                self._lanes("refined", f"{place}.refined", stage.refined, name=index, met=[place])
            else:
                self._lanes("refined", f"{place}.refined", stage.refined, name=index, met=[place], maps=place)
        if handed_on:
            # At every scale tasks get something of each other, and what they have then is not handed on.
            self._lanes("refined", f"{places[-1]}.refined", trace.stages[-1].refined, name=len(places) - 1, met=places)

    def answer(self) -> None:
        """What tasks send each other outside of stages, and the answers."""
        sent = ["exchange"] if "exchange" in self.met else []
        if sent and self.trace.fused:
            self._lanes("fused", "fused", self.trace.fused, met=sent)
            sent = []
        self._lanes("answer", "predictions", self.trace.predictions, met=sent)

    def _joined(self, place: str) -> Here:
        return [(meeting, pairs) for meeting, pairs in self.met.get(place, ()) if meeting.hub]

    def _lanes(
        self,
        kind: NodeKind,
        path: str,
        tasks: Iterable[TaskName],
        *,
        name: str | int | None = None,
        met: Collection[str] = (),
        maps: str = "",
    ) -> None:
        """A column with a node on the lane of every task."""
        column, before, hubs = self._next(), dict(self.ends), self.hubs
        self.hubs = []
        stage = name if isinstance(name, int) else None
        middle = "" if name is None else f"{name}-"
        for task in tasks:
            node = self._add(f"{kind}-{middle}{task}", kind, f"{path}.{task}", task=task, stage=stage, column=column)
            self._begin(node, before.get(task), task, maps)
            self.links.extend(Link(hub, node, None, meeting, (place,)) for hub, meeting, place in hubs)
            self.ends[task] = node
        found: dict[tuple[TaskName, TaskName, str], list[str]] = {}
        for place, meeting, source, target in self._read(met):
            found.setdefault((source, target, meeting), []).append(place)
        for (source, target, meeting), places in found.items():
            self.links.append(Link(before[source], self.ends[target], source, meeting, tuple(places)))

    def _read(self, places: Collection[str]) -> Iterator[tuple[str, str, TaskName, TaskName]]:
        """Place, meeting, source and target wherever a task reads another by itself."""
        for place in places:
            for meeting, pairs in self.met.get(place, ()):
                yield from ((place, meeting.name, *pair) for pair in sorted(pairs) if not meeting.hub)

    def _begin(self, node: str, before: str | None, task: TaskName | None, maps: str) -> None:
        """What a node is made of but for what its task reads of others: its lane, and backbone maps."""
        known = range(len(self.trace.task_generic))
        levels = [known[level] for level in self.maps.get(maps, ()) if known]
        if before or not levels:
            self.links.append(Link(before or "photo", node, task))
        self.links.extend(Link(f"generic-{level}", node) for level in levels)

    def _hub(self, name: str, kind: NodeKind, path: str, stage: int, read: Here, *, maps: str = "") -> None:
        """One node for all tasks, of what is read of them. A bridge is there also where nobody is asked."""
        if not path and not read:
            return
        place = f"stages.{stage}"
        term, sentence = ("", "") if path else (read[0][0].title.lower(), f"{read[0][0].whole.capitalize()}.")
        former = next((node.id for node in reversed(self.nodes) if node.kind == kind == "bridge"), None)
        hub = self._add(name, kind, path, stage=stage, column=self._next(), term=term, sentence=sentence)
        if maps in self.maps:
            self._begin(hub, None, None, maps)
        if former and self.trace.stages[stage].bridge is not self.trace.stages[stage].bridge_before_cascade:
            self.links.append(Link(former, hub))
        for meeting, pairs in read:
            givers = {giver for giver, _ in pairs}
            for source in self.tasks:
                if source in givers:
                    self.links.append(Link(self.ends[source], hub, source, meeting.name, (place,)))
        self.hubs.append((hub, read[0][0].name if read else None, place))

    def _next(self) -> int:
        return max((node.column for node in self.nodes), default=-1) + 1

    def _add(
        self,
        name: str,
        kind: NodeKind,
        path: str,
        *,
        task: TaskName | None = None,
        stage: int | None = None,
        column: int = 0,
        term: str = "",
        sentence: str = "",
    ) -> str:
        entry = explain(path) if path else None
        shape = self.shapes[path] if path else ()
        words = (term, sentence) if entry is None else (entry.term, entry.sentence)
        self.nodes.append(Node(name, kind, column, path, task, stage, *words, shape))
        return name
