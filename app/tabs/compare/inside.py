"""What two networks have inside for one photo: their last features in matching colours, and what a cut does in each."""

import numpy as np
from torch import Tensor

from app.analysis.session import Analysis
from app.tabs.compare.pairs import Pair
from app.view.axes import ticks
from app.view.charts import Chart, ShadedTable, Words
from app.view.effects import effect_columns, effect_rows, effect_shades, shade_top
from app.view.encoding import png_uri
from app.view.page import Progress
from app.view.view import Group, Map
from app.view.wording import percent
from bridgenet import drawing, inspection
from bridgenet.drawing.charts import OTHER_COLOURS, Curve, Curves
from bridgenet.drawing.sheet import Axis
from bridgenet.inspection import InteractionMatrix
from bridgenet.inspection.cost import Cost, costs_by_tasks
from bridgenet.tasks import TASKS, TaskName, significant


def inside(a: Analysis, b: Analysis, pair: Pair, report: Progress) -> list[Group]:
    """Last task features and matrices of both.

    Args:
        a: Left, with all that its network computed.
        b: Right.
        pair: Names them.
        report: Told what is being done.
    """
    words = {"A": pair.a.words, "B": pair.b.words}
    matrices: dict[str, InteractionMatrix | None] = {}
    for step, (letter, analysis) in enumerate((("A", a), ("B", b))):
        report(step, 2, f"Cutting one task after the other in {letter}")
        matrices[letter] = analysis.result(matrix_of_photo)
    report(1, 2, "Counting what more tasks would cost")
    known = [matrix for matrix in matrices.values() if matrix is not None]
    top = max(map(shade_top, known), default=1.0)
    return [
        *last_features(a, b, pair.tasks, words),
        *(_cuts(letter, words[letter], matrix, top) for letter, matrix in matrices.items()),
        _costs({letter: analysis.result(costs) for letter, analysis in (("A", a), ("B", b))}, words),
    ]


def last_features(a: Analysis, b: Analysis, tasks: tuple[TaskName, ...], words: dict[str, str]) -> list[Group]:
    """What the answers are made of, one row for each network; the colours of B are turned to those of A."""
    rows: dict[str, list[Map]] = {"A": [], "B": []}
    for task in tasks:
        first, second = last_feature(a, task), last_feature(b, task)
        for letter, feature, coloured in (
            ("A", first, drawing.pca_rgb(first)),
            ("B", second, drawing.pca_rgb_aligned(second, first)),
        ):
            rows[letter].append(_feature_map(letter, task, feature, coloured.pictures[0], coloured.explained))
    text = "three main components; B's are turned to A's, so alike means: varies alike over the photo"
    return [
        {
            "id": f"last-{letter.lower()}",
            "title": f"Last task features of {letter}: {words[letter]}",
            "text": text if letter == "A" else "",
            "columns": len(maps),
            "dense": True,
            "maps": maps,
        }
        for letter, maps in rows.items()
    ]


def last_feature(analysis: Analysis, task: TaskName) -> Tensor:
    """The feature that the answer of a task is made of by one convolution."""
    trace = analysis.trace
    return trace.fused[task] if task in trace.fused else trace.task_specific[task]


def matrix_of_photo(analysis: Analysis) -> InteractionMatrix | None:
    """What cutting each task does to the others in this photo, where tasks meet after the encoder."""
    model = analysis.own_model()
    return inspection.interaction_matrix(model, analysis.images()) if model.meetings else None


def costs(analysis: Analysis) -> dict[int, Cost]:
    """What the network costs for a photo of this size, for two to eight tasks."""
    height, width = analysis.images().shape[-2:]
    return costs_by_tasks(analysis.predictor.model.config, (height, width))


def _feature_map(letter: str, task: TaskName, feature: Tensor, picture: np.ndarray, explained: float) -> Map:
    about, (channels, height, width) = TASKS[task], feature.shape[-3:]
    return {
        "id": f"last-{letter.lower()}-{task}",
        "title": about.short,
        "colour": about.colour,
        "src": png_uri(picture),
        "alt": f"{letter}, last feature of {about.title.lower()}, {channels} channels at {height} x {width}",
        "foot": f"{percent(explained)} of variance",
        "tokens": True,
    }


def _cuts(letter: str, words: str, matrix: InteractionMatrix | None, top: float) -> Group:
    chart: Chart
    if matrix is None:
        chart = Words([[{"text": "These tasks meet in the encoder only: after it there is nothing to cut."}]])
    else:
        columns = effect_columns(matrix.tasks, units=True)
        chart = ShadedTable(effect_rows(matrix, top), columns, "cut ↓  moves →", effect_shades(top))
    return {
        "id": f"cuts-{letter.lower()}",
        "title": f"What a cut does in {letter}: {words}",
        "text": "this photo; both on one scale",
        "chart": chart,
        "alt": f"Effect of removing each task (rows) on each task (columns) in {letter}",
    }


def _costs(counted: dict[str, dict[int, Cost]], words: dict[str, str]) -> Group:
    """Multiply-adds by the number of tasks, as a multiple of those for two."""
    curves: list[Curve] = []
    for letter, colour in (("A", OTHER_COLOURS[0]), ("B", OTHER_COLOURS[1])):
        costs = counted[letter]
        times = [cost.multiply_adds / costs[2].multiply_adds for cost in costs.values()]
        curves.append(Curve(f"{letter}: {words[letter]}", list(costs), times, colour, strong=True))
    most = max(float(np.max(curve.y)) for curve in curves)
    across = Axis(2, 8, [(count, str(count)) for count in range(2, 9)])
    two, eight = ({letter: costs[count] for letter, costs in counted.items()} for count in (2, 8))
    told = "; ".join(
        f"{letter}: {significant(two[letter].multiply_adds / 1e9, 3)} billion multiply-adds for two tasks, "
        f"{significant(eight[letter].multiply_adds / 1e9, 3)} for eight"
        for letter in counted
    )
    return {
        "id": "costs",
        "title": "What more tasks cost",
        "text": f"{told}. Whole networks; seven and eight tasks are continued.",
        "span": 7,
        "chart": Curves(curves, "tasks", "× two", x_axis=across, y_axis=Axis(1, most, ticks(1, most))),
        "alt": told,
    }
