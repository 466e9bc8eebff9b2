"""Pictures of feature maps, kinds x scales: colours of principal components, likeness to a token, strength."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.analysis.selection import Scope, Selection
from app.analysis.session import Analysis
from app.tabs.features.kinds import KINDS, Entry, Kind, chosen_entry, colour_of, entries
from app.view.attention import has_bridge, signed_map
from app.view.maps import heat_map, photo_map, token_map
from app.view.scales import scale_of
from app.view.view import Box, Choose, Group, Map
from app.view.wording import percent
from bridgenet import drawing, inspection
from bridgenet.drawing.features import ChannelMap
from bridgenet.inspection import BASIS_FILE, BasisError, FeatureBasis
from bridgenet.inspection.features.components import channel_norm
from bridgenet.inspection.features.foreground import Foreground, find_foreground
from bridgenet.model.network import Network
from bridgenet.sources import SOURCES
from bridgenet.tasks import TASKS, TaskName, significant

COLUMNS = 4
"""Maps per row: the scales from 1/32 to 1/4."""

DARK = 1 / 3
"""A map that stays below this part of its row's scale would be dark: it has a scale of its own, and says so."""

STRONGEST = 8
"""Channels that are offered beside the chosen one."""

ROWS: tuple[tuple[str, tuple[Kind, ...], str], ...] = (
    ("Task-generic", ("generic",), "what the backbone sees for all tasks"),
    ("Encoder", ("encoder",), "what the encoder has of {task} alone"),
    ("Encoder, joined", ("joined",), "{task}, after the encoders of all tasks were joined"),
    ("Task-specific", ("specific",), "{task} by itself, at {scale}"),
    ("Task-specific", ("before", "after"), "{task} from its preliminary decoder at {scale}"),
    ("Entering the stage", ("entering",), "{task}, before it meets the other tasks"),
    ("Bridge", ("bridge",), "what all tasks told the bridge, the coarser bridge added"),
    ("Refined", ("refined",), "{task}, {refined}"),
)
"""Rows of the view: title, kinds, and what they are."""

SHARED_BY_ROW: dict[Scope, str] = {"map": "this map", "tab": "this row", "all": "all maps"}

Draw = Callable[[Entry], Map]


class Colours(NamedTuple):
    """A basis, and in words what it was fitted on or why it is not the one that was asked for."""

    basis: FeatureBasis
    words: str


def rows_of(analysis: Analysis, task: TaskName, draw: Draw, more: Callable[[list[Entry]], str]) -> list[Group]:
    """One row of maps per kind, one column per scale.

    Args:
        analysis: The analysed photo.
        task: Whose features are shown.
        draw: Makes one map.
        more: What else is to be said of a row, from its entries; may be empty.
    """
    known, rows = entries(analysis, task), list[Group]()
    poured = analysis.predictor.config.model.refinement == "tfr"
    refined = "after its refiner (TFR) has poured the bridge in" if poured else "with the bridge in it"
    refined = refined if has_bridge(analysis) else "as it leaves the stage"
    for title, kinds, words in ROWS:
        found = [entry for entry in known if entry.kind in kinds]
        if found:
            about = words.format(task=TASKS[task].title.lower(), scale=found[0].scale, refined=refined)
            text = "; ".join(part for part in (about, more(found)) if part)
            maps = [draw(entry) for entry in found]
            rows.append({"id": f"features-{kinds[0]}", "title": title, "text": text, "columns": COLUMNS, "maps": maps})
    return rows


def with_scale(analysis: Analysis, rows: list[Group], selection: Selection) -> list[Group]:
    """Rows whose maps of the selected scale are marked, and whose titles choose a scale."""
    stages = {entry.name: entry.stage for entry in entries(analysis, selection.task)}

    def marked(entry: Map) -> Map:
        stage = stages[entry.get("id", "")]
        if stage is None:
            return entry
        return entry | {"choose": {"option": "scale", "value": stage, "chosen": stage == selection.scale}}

    return [row | {"maps": [marked(entry) for entry in row.get("maps", ())]} for row in rows]


def pca_rows(analysis: Analysis, task: TaskName, wish: str) -> list[Group]:
    """Principal components as colours."""
    basis = analysis.result(colours_by, wish).basis
    pictures = drawing.basis_colours(basis, analysis.trace, [entry.path for entry in entries(analysis, task)])

    def draw(entry: Entry) -> Map:
        alt = f"{_about(entry)}: three principal components as colours, {_grid(entry)} tokens"
        return _named(token_map(entry.name, _title(entry), pictures[entry.path], alt), entry, task)

    def explained(row: list[Entry]) -> str:
        shares = ", ".join(percent(basis.explained(entry.path)) for entry in row)
        if row[0].kind in ("bridge", "refined"):
            return "colours as in the row above"
        if row[0].kind == "before":
            return f"one basis, PC 1–3 explain {percent(basis.explained(row[0].path))}"
        toward = "the bridge" if has_bridge(analysis) else "the refined features"
        turned = f"each its own basis, turned toward {toward}" if analysis.trace.stages else "each its own basis"
        own = turned if row[0].kind == "generic" else "a basis per scale"
        return f"{own}; PC 1–3 explain {shares}"

    return rows_of(analysis, task, draw, explained)


def colours_by(analysis: Analysis, wish: str) -> Colours:
    """The basis that is asked for, or that of this image with the reason.

    Args:
        analysis: The analysed photo.
        wish: `saved`, `image` or `foreground`.
    """
    if wish == "saved":
        return _saved_basis(analysis)
    if wish == "foreground":
        return _foreground_basis(analysis)
    return _own_basis(analysis, "fitted on this image: colours hold for it alone")


def foreground_of(analysis: Analysis) -> Foreground | None:
    """The foreground, if the predictions tell one."""
    answers: dict[TaskName, np.ndarray] = {task: analysis.prediction[task].array for task in analysis.tasks}
    return find_foreground(answers, analysis.prediction.classes)


def similarity_rows(analysis: Analysis, selection: Selection) -> list[Group]:
    """Cosine similarity of all tokens to the one at the selected place."""

    def draw(entry: Entry) -> Map:
        values = inspection.similarity_to_token(entry.feature, selection.x, selection.y)
        others = np.abs(values).ravel()
        others = np.delete(others, _token_index(entry, selection))
        own = selection.scope == "map" and others.size
        limit = max(float(others.max()), 1e-3) if own else 1.0
        alt = f"{_about(entry)}: cosine similarity to the token at the cross-hair, from −1 to 1"
        shared = "this map" if own else "all maps"
        drawn = signed_map(entry.name, _title(entry), values, limit, alt, shared)
        return _named(drawn, entry, selection.task) | {"token": _token_box(entry, selection)}

    return rows_of(analysis, selection.task, draw, lambda row: "")


def strength_rows(analysis: Analysis, task: TaskName, scope: Scope) -> list[Group]:
    """Length of the feature at every token."""
    norms = {entry.name: channel_norm(entry.feature) for entry in entries(analysis, task)}
    rows = {entry.name: row for row, (_, kinds, _) in enumerate(ROWS) for entry in _of(kinds, analysis, task)}

    def draw(entry: Entry) -> Map:
        sharing = {"map": [entry.name], "tab": [n for n in norms if rows[n] == rows[entry.name]], "all": norms}
        high, shared = max(float(norms[name].max()) for name in sharing[scope]), SHARED_BY_ROW[scope]
        own = float(norms[entry.name].max())
        if scope == "tab" and own < DARK * high:
            high, shared = own, SHARED_BY_ROW["map"]
        alt = f"{_about(entry)}: length of the feature at each of {_grid(entry)} tokens, 0 to {significant(high)}"
        drawn = heat_map(entry.name, _title(entry), norms[entry.name], high, alt, shared, digits=3)
        return _named(drawn, entry, task)

    return rows_of(analysis, task, draw, lambda row: "")


def mask_rows(analysis: Analysis, task: TaskName) -> list[Group]:
    """How far the masks of a task open what the encoder has for all tasks, where there are masks."""
    maps: list[Map] = []
    for name in reversed(analysis.trace.encoder):
        if (mask := analysis.trace.encoder[name].mask.get(task)) is None:
            continue
        opened, scale = mask[0].mean(dim=0).cpu().numpy(), scale_of(mask, analysis)
        alt = f"Attention mask at {scale}: how far it is open at each place, mean over the channels, 0 to 1"
        drawn = heat_map(f"mask-{name}", scale, opened, 1.0, alt, "all masks")
        maps.append(drawn | {"colour": TASKS[task].colour, "note": f"{mask.shape[-1]} × {mask.shape[-2]}"})
    text = f"how far the shared feature is open to {TASKS[task].title.lower()}, mean over the channels: 0 shut, 1 open"
    masks: Group = {"id": "features-mask", "title": "Attention mask", "text": text, "columns": COLUMNS, "maps": maps}
    return [masks] if maps else []


def channel_rows(analysis: Analysis, task: TaskName, scale: int, scope: Scope, kind: Kind, channel: int) -> list[Group]:
    """One channel of the chosen kind beside the photo, and the channels that vary most."""
    entry = chosen_entry(analysis, task, scale, kind)
    spread = entry.feature[0].flatten(1).std(dim=1, correction=0)
    strongest = spread.argsort(descending=True, stable=True)[:STRONGEST].tolist()
    largest = {index: float(entry.feature[0, index].abs().max()) for index in {channel, *strongest}}
    whole = float(entry.feature.abs().max())

    def draw(index: int, name: str) -> Map:
        limit = {"map": largest[index], "tab": max(largest.values()), "all": whole}[scope]
        shown = drawing.channel_map(entry.feature, index, (-limit, limit), signed=True)
        return _channel(entry, index, shown, name, scope, task)

    title = f"{KINDS[entry.kind]} at {entry.scale}"
    one = [photo_map(analysis, ""), draw(channel, "channel")]
    tiles = []
    for index in strongest:
        choose: Choose = {"option": "features.channel", "value": index, "chosen": index == channel}
        tiles.append(draw(index, f"channel-{len(tiles)}") | {"choose": choose})
    text = f"of {entry.channels}, counted from 0; red above zero, blue below"
    return [
        {"id": "features-channel", "title": f"{title}, channel {channel}", "text": text, "columns": 2, "maps": one},
        {
            "id": "features-channels",
            "title": "Channels that vary most",
            "text": "click a name",
            "columns": COLUMNS,
            "maps": tiles,
        },
    ]


def _channel(entry: Entry, index: int, shown: ChannelMap, name: str, scope: Scope, task: TaskName) -> Map:
    shared: dict[Scope, str] = {"map": "this map", "tab": "these maps", "all": "all channels"}
    alt = (
        f"{_about(entry)}: channel {index}, from {significant(shown.values.min())} to {significant(shown.values.max())}"
    )
    return _named(signed_map(name, f"Channel {index}", shown.values, shown.limits[1], alt, shared[scope]), entry, task)


def _of(kinds: tuple[Kind, ...], analysis: Analysis, task: TaskName) -> list[Entry]:
    return [entry for entry in entries(analysis, task) if entry.kind in kinds]


def _saved_basis(analysis: Analysis) -> Colours:
    folder = analysis.predictor.folder
    make = "`python -m bridgenet.prepare basis` with its folder makes one"
    if folder is None or not (folder / BASIS_FILE).is_file():
        return _own_basis(analysis, f"this checkpoint keeps no basis ({make}), so colours hold for this image alone")
    try:
        basis = _kept_basis(folder / BASIS_FILE, analysis.predictor.model)
    except BasisError:
        why = "the basis kept with this checkpoint is damaged or belongs to other weights"
        return _own_basis(analysis, f"{why} ({make}), so colours hold for this image alone")
    source = SOURCES[basis.source].pictures if basis.source in SOURCES else basis.source or "reference images"
    return Colours(basis, f"fitted once on {basis.images} {source}: equal colours mean equal features in all images")


@lru_cache(maxsize=4)
def _kept_basis(file: Path, model: Network) -> FeatureBasis:
    """Read once for all photos: whether it was fitted for these weights takes longer than all its colours."""
    return FeatureBasis.load(file, model)


def _foreground_basis(analysis: Analysis) -> Colours:
    found = analysis.result(foreground_of)
    if found is None:
        return _own_basis(analysis, "there is no foreground in this image: fitted on all of it")
    try:
        basis = inspection.basis_of_trace(analysis.trace, found.mask, found.rule)
    except BasisError:
        return _own_basis(analysis, "the foreground is smaller than a few tokens: fitted on all of the image")
    return Colours(basis, f"fitted on the foreground of this image ({found.rule}); what is outside may be saturated")


def _own_basis(analysis: Analysis, words: str) -> Colours:
    return Colours(analysis.result(_basis_of_image), words)


def _basis_of_image(analysis: Analysis) -> FeatureBasis:
    return inspection.basis_of_trace(analysis.trace)


def _title(entry: Entry) -> str:
    return KINDS[entry.kind] if entry.kind in ("before", "after") else entry.scale


def _about(entry: Entry) -> str:
    return f"{KINDS[entry.kind]} features at {entry.scale}"


def _grid(entry: Entry) -> str:
    return f"{entry.grid[1]} × {entry.grid[0]}"


def _named(drawn: Map, entry: Entry, task: TaskName) -> Map:
    return drawn | {"note": _grid(entry), "colour": colour_of(entry.kind, task)}


def _token_index(entry: Entry, selection: Selection) -> int:
    row, column = inspection.token_at(selection.x, selection.y, entry.grid)
    return row * entry.grid[1] + column


def _token_box(entry: Entry, selection: Selection) -> Box:
    (row, column), (height, width) = inspection.token_at(selection.x, selection.y, entry.grid), entry.grid
    return {"left": column / width, "top": row / height, "width": 1 / width, "height": 1 / height}
