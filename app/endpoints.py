"""The endpoints for programs: the same numbers as on the page, through `gradio_client`.

    client = gradio_client.Client("http://127.0.0.1:7860")
    summary, arrays = client.predict(gradio_client.handle_file("kitchen.jpg"), api_name="/predict")

Each takes a photo, or the `id` that `/predict` has given for it. The file is deleted once it is read.
"""

import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session, StudioError
from app.questions import bridge_stage, fraction, head_of, one_of, target_at, task_of
from app.takeaway.downloads import versions
from app.uploads import Limits, read_upload
from bridgenet.files import WriteError, explaining, replacing
from bridgenet.images import ImageError, LoadedImage
from bridgenet.tasks import TASKS

BLANK = (96, 128)
"""Height and width of a picture of nothing."""

EXAMPLE = {"path": "kitchen.jpg", "url": "kitchen.jpg", "meta": {"_type": "gradio.FileData"}}
"""The photo of the snippets in Gradio's page about the endpoints: without, they fetch a file from another host."""

RESULTS = 24
"""Files of arrays that are kept for programs to fetch."""


class Endpoints:
    """What every endpoint computes. Plain functions of data; wrong inputs raise `gr.Error` with what to do.

    Args:
        session: Checkpoints and analyses.
        limits: Of photos.
    """

    def __init__(self, session: Session, limits: Limits) -> None:
        self.session = session
        self.limits = limits
        self._results: deque[Path] = deque()
        self._lock = threading.Lock()

    def predict(self, image: object) -> tuple[dict[str, object], str]:
        """Every task's answer to a photo: `predict(image) -> (summary, arrays)`.

        image: a photo (PNG, JPEG, WebP, ...). summary: `id` (names the photo in the other endpoints), `size` [height,
        width] in pixels, `notes` (what was done to the photo), `tasks`: for each its `unit`, `shape`, `dtype`, what a
        value `means`, and `classes` by index. arrays: an .npz file with one array per task at that size: semseg and
        human_parts class indices (uint8), with `confidence_<task>` 0..1; depth in metres; normals unit vectors
        (x right, y up, z toward the viewer); edge and sal probabilities 0..1.
        """
        with self._explained():
            analysis = self._analysis(image, "")
            arrays: dict[str, np.ndarray] = {}
            tasks = {}
            for task, answer in analysis.prediction.items():
                arrays[task] = answer.array
                if answer.confidence is not None:
                    arrays[f"confidence_{task}"] = answer.confidence
                tasks[task] = {
                    "unit": answer.unit,
                    "means": TASKS[task].meaning,
                    "shape": list(answer.array.shape),
                    "dtype": str(answer.array.dtype),
                } | ({"classes": list(answer.classes)} if answer.classes else {})
            summary = {
                "id": analysis.key,
                "size": list(analysis.size),
                "notes": list(analysis.prediction.notes),
                "tasks": tasks,
            }
            return summary, str(self._keep(arrays))

    def attention(
        self,
        image: object = None,
        id: str = "",
        x: float = 0.5,
        y: float = 0.5,
        task: str = "depth",
        head: float = -1,
        kind: str = "tpp",
        scale: float = -1,
    ) -> dict[str, object]:
        """Where a pixel's token looks: `attention(image, id, x, y, task, head, kind, scale) -> row`.

        image: a photo, or none with `id` from /predict. x, y: fractions 0..1 of width and height. task: a task of the
        checkpoint. head: 0, 1, ..., or -1 for the mean of all. kind: `tpp` (the task's own attention after the
        patterns of all tasks were fused; the row sums to 1) or `bridge` (what the bridge token read from the tokens of
        this task; the sums of all tasks add up to 1). scale: stage of the bridge, 0 is the coarsest, -1 the finest;
        tpp has one scale only. row: `weights` (rows x columns on the grid of keys, no unit), `shape`, `sum`, `query`
        [row, column] of the asking token on its grid `query_grid` [rows, columns].
        """
        with self._explained():
            from bridgenet import inspection

            x, y = fraction(x, "x"), fraction(y, "y")
            kind = one_of(kind, ("tpp", "bridge"), "kind")
            analysis = self._analysis(image, id)
            task = task_of(analysis, task)
            chosen = head_of(analysis, head)
            if kind == "tpp":
                if analysis.trace.pattern is None:
                    raise StudioError(f"{analysis.checkpoint} has no Task Pattern Propagation. Ask for kind 'bridge'.")
                row = inspection.tpp_row(analysis.trace, task, x, y, chosen)
            else:
                row = inspection.bridge_rows(bridge_stage(analysis, scale), x, y, chosen)[task]
            return {
                "id": analysis.key,
                "kind": kind,
                "task": task,
                "weights": row.weights.tolist(),
                "shape": list(row.weights.shape),
                "sum": float(row.weights.sum()),
                "query": list(row.query),
                "query_grid": list(row.query_grid),
            }

    def bridge_share(
        self, image: object = None, id: str = "", x: float = 0.5, y: float = 0.5, scale: float = -1, head: float = -1
    ) -> dict[str, float]:
        """How much of what the bridge read at a pixel came from which task: `bridge_share(...) -> {task: share}`.

        image: a photo, or none with `id` from /predict. x, y: fractions 0..1 of width and height. scale: stage of the
        bridge, 0 is the coarsest, -1 the finest. head: 0, 1, ..., or -1 for the mean of all. Shares are 0..1 and sum
        to 1; evenly it would be 1 / number of tasks.
        """
        with self._explained():
            from bridgenet import inspection

            x, y = fraction(x, "x"), fraction(y, "y")
            analysis = self._analysis(image, id)
            rows = inspection.bridge_rows(bridge_stage(analysis, scale), x, y, head_of(analysis, head))
            return {task: float(rows[task].total) for task in analysis.tasks}

    def interaction(self, image: object = None, id: str = "", removal: str = "mask") -> dict[str, object]:
        """Who influences whom: `interaction(image, id, removal) -> matrix`. Takes seconds.

        image: a photo, or none with `id` from /predict. removal: what takes the place of a task's tokens: `mask`
        (they cannot be read), `zero` or `mean`. matrix: `effect` [source][target], how much the target's prediction
        changes when the source is removed, in `units` of the target (% of pixels, m, degrees, probability); `control`
        [target], the same for tokens dropped at random; `strength` = effect / control; `attention` [source][target],
        share of the source in what the target reads (columns sum to 1); `rank_correlation` of strength and attention,
        -1..1; `tasks` in the order of rows and columns; `own_error` {task: `value` in the same units, `where` it was
        measured, whether it is a root mean square (`rms`)}, beside which an effect is large or small, null where it is
        not known. What is not finite is null.
        """
        with self._explained():
            from app.tabs.interaction import cuts
            from app.view.own_errors import own_error

            removal = one_of(removal, ("mask", "zero", "mean"), "removal")
            analysis = self._analysis(image, id)
            settings = replace(cuts.settings_of(analysis, Selection()), removal=removal)
            if not settings.places:
                raise StudioError(f"The tasks of {analysis.checkpoint} meet nowhere: none of them reads another.")
            matrix = cuts.made_cuts(analysis, settings).matrix
            known = {task: own_error(analysis, task) for task in analysis.tasks}
            own = {task: None if error is None else asdict(error) for task, error in known.items()}
            return {"id": analysis.key, "own_error": own} | matrix.to_dict()

    def attribute(
        self,
        image: object = None,
        id: str = "",
        task: str = "depth",
        x: float = 0.5,
        y: float = 0.5,
        method: str = "ablation",
    ) -> dict[str, object]:
        """Which tasks' features a prediction at a pixel comes from: `attribute(...) -> scores`. Takes seconds.

        image: a photo, or none with `id` from /predict. task: whose prediction. x, y: fractions 0..1 of width and
        height. method: `ablation` (fall of the value when one task's features are replaced by their mean) or `shapley`
        (shares of all of it). scores: `scores` {task: number} in `unit` (m for depth, logit for classes, edges and
        saliency, none for the component of a normal), `target` (what is explained), `full` and `baseline`: its value
        with all features, and with none; shapley scores sum to full - baseline.
        """
        with self._explained():
            from bridgenet.inspection.attribution import TaskMethod, attribute_tasks

            x, y = fraction(x, "x"), fraction(y, "y")
            chosen = one_of(method, get_args(TaskMethod), "method")
            analysis = self._analysis(image, id)
            target, words = target_at(analysis, task_of(analysis, task), x, y)
            result = attribute_tasks(analysis.own_model(), analysis.trace, target, chosen)
            return {
                "id": analysis.key,
                "target": words,
                "method": chosen,
                "unit": result.unit,
                "scores": dict(zip(result.tasks, map(float, result.scores), strict=True)),
                "full": result.full_value,
                "baseline": result.baseline_value,
            }

    def info(self) -> dict[str, object]:
        """What answers here: `info() -> facts`.

        facts: `checkpoint`, its `tasks` with `title` and `unit`, names of the `classes` of its tasks, `metrics` on
        its validation images, `input_size` [height, width] in pixels that it answers at, `scales` and `heads` of
        its attention, other `checkpoints`, `limits` of photos (megabytes, megapixels), `versions`.
        """
        with self._explained():
            predictor = self.session.predictor()
            # What a network has, its own trace says best, whatever its system.
            trace, _ = predictor.analyse(LoadedImage(np.zeros((*BLANK, 3), np.uint8), ()))
            tasks = {task: {"title": TASKS[task].title, "unit": TASKS[task].unit} for task in predictor.tasks}
            classes = {task: list(known.names) for task, known in predictor.config.classes.items()}
            return {
                "checkpoint": predictor.name,
                "tasks": tasks,
                "classes": classes,
                "metrics": predictor.metrics,
                "input_size": list(predictor.config.data.answer_size),
                "dataset": predictor.config.data.name,
                "heads": trace.heads,
                "scales": sum(stage.bridge is not None for stage in trace.stages),
                "checkpoints": list(self.session.checkpoints),
                "limits": {"megabytes": self.limits.megabytes, "megapixels": self.limits.megapixels},
                "versions": versions(),
            }

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Once the network is there: what a program did wrong, as an error that Gradio hands on in words."""
        try:
            self.session.predictor()
            yield
        except (StudioError, ImageError, WriteError) as problem:
            raise gr.Error(str(problem), print_exception=False) from problem

    def _analysis(self, image: object, id: object) -> Analysis:
        """The analysis of a photo that came along, or of the one that is named."""
        if image is None:
            if not id:
                raise StudioError("Send a photo as image, or the id that /predict has given for one.")
            known = self.session.recall(id)
            if known is None:
                raise StudioError("There is no analysis of this id, or it was released. Send the photo again.")
            return known
        path = image.get("path") if isinstance(image, Mapping) else image
        title = Path(str(image.get("orig_name") if isinstance(image, Mapping) else path) or "photo").name[:80]
        analysis = self.session.analyse(read_upload(self.session, path, self.limits), title=title)
        self.session.sent[str(path)] = analysis.key
        return analysis

    def _keep(self, arrays: Mapping[str, np.ndarray]) -> Path:
        """Arrays as a file in a folder that nobody can guess; the oldest such file is deleted."""
        uploads = Path(get_upload_folder())
        with explaining(uploads):
            uploads.mkdir(parents=True, exist_ok=True)
            file = Path(tempfile.mkdtemp(dir=uploads)) / "prediction.npz"
        with replacing(file) as target:
            np.savez(target, allow_pickle=False, **dict(arrays))
        with self._lock:
            self._results.append(file)
            while len(self._results) > RESULTS:
                shutil.rmtree(self._results.popleft().parent, ignore_errors=True)
        return file


def no_assistants_route() -> Route:
    """Says that nothing is served to assistants: Gradio's page about the endpoints asks as it opens.

    An answer would open their chapter, and browsers report a missing page as a fault; this status is neither.
    """

    async def nothing(request: Request) -> Response:
        return Response(status_code=300)

    return Route("/gradio_api/mcp/schema", nothing)


def add_endpoints(session: Session, limits: Limits, queued: Mapping[str, Any]) -> Endpoints:
    """Make the endpoints part of the page that is being built. They are never seen on it.

    Args:
        session: Checkpoints and analyses.
        limits: Of photos.
        queued: How they wait for the network: with the page's own events.
    """
    endpoints = Endpoints(session, limits)
    with gr.Row(visible=False):
        parts: dict[str, Any] = {
            "image": gr.File(label=f"image: a photo (PNG, JPEG, WebP), up to {limits.megabytes:g} MB"),
            "id": gr.Textbox("", label="id of an analysis, as /predict gives it; instead of a photo"),
            "x": gr.Number(0.5, label="x: fraction of the width, 0 (left) to 1 (right)"),
            "y": gr.Number(0.5, label="y: fraction of the height, 0 (top) to 1 (bottom)"),
            "task": gr.Textbox("depth", label=f"task: one of {', '.join(TASKS)} that the checkpoint has"),
            "head": gr.Number(-1, label="head: 0, 1, ... or -1 for the mean of all"),
            "kind": gr.Textbox("tpp", label="kind: tpp or bridge"),
            "scale": gr.Number(-1, label="scale of the bridge: 0 is the coarsest, -1 the finest"),
            "removal": gr.Textbox("mask", label="removal: mask, zero or mean"),
            "method": gr.Textbox("ablation", label="method: ablation or shapley"),
        }
        answer, arrays = gr.JSON(label="the answer, as described above"), gr.File(label=".npz file of arrays")
        button = gr.Button()
    parts["image"].example_payload = lambda: EXAMPLE
    for part in (*parts.values(), answer, arrays, button):
        # Gradio's page loads the scripts of every kind of component that there is, seen or not. These are for programs
        # alone: they go by a kind that the page has anyway, which saves its visitors two dozen files.
        part.get_block_name = lambda: "html"
    for function, names, outputs in (
        (endpoints.predict, ("image",), [answer, arrays]),
        (endpoints.attention, ("image", "id", "x", "y", "task", "head", "kind", "scale"), [answer]),
        (endpoints.bridge_share, ("image", "id", "x", "y", "scale", "head"), [answer]),
        (endpoints.interaction, ("image", "id", "removal"), [answer]),
        (endpoints.attribute, ("image", "id", "task", "x", "y", "method"), [answer]),
        (endpoints.info, (), [answer]),
    ):
        # The file as it was sent: our loader reads what Gradio's would refuse or change without a word.
        button.click(
            function, [parts[name] for name in names], outputs, api_name=function.__name__, api_visibility="public",
            api_description=" ".join((function.__doc__ or "").split()), preprocess=False, show_progress="hidden",
            **queued,
        )  # fmt: skip
    return endpoints
