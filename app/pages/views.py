"""All views of an analysis at once, under the names of the page's components."""

from typing import Any

from app.encoding import LONGEST
from app.pages.attention import bridge, has_bridge, head_count, tpp
from app.pages.features import features, scale_names
from app.pages.inspector import inspector
from app.pages.overview import overview
from app.selection import Selection
from app.session import Analysis
from bridgenet.tasks import TASKS


def place_views(analysis: Analysis, selection: Selection, *, fresh: bool = False) -> dict[str, Any]:
    """What depends on the selected pixel, head and scale."""
    return {
        "bridge": bridge(analysis, selection),
        "tpp": tpp(analysis, selection),
        "inspector": inspector(analysis, selection, fresh=fresh),
    }


def all_views(analysis: Analysis, selection: Selection, longest: int = LONGEST) -> dict[str, Any]:
    """Every viewer and the inspector."""
    return {
        "overview": overview(analysis, longest),
        "features": features(analysis, selection),
        **place_views(analysis, selection, fresh=True),
    }


def capabilities(analysis: Analysis) -> dict[str, Any]:
    """What this checkpoint has, for rail and tabs: tasks, scales, tabs, stations of the pipeline."""
    scales = scale_names(analysis) if has_bridge(analysis) else []
    attention = has_bridge(analysis) or analysis.trace.pattern is not None
    stations = [("Image", "overview", None), ("Backbone", "features", None), ("Preliminary decoders", "features", None)]
    if analysis.trace.pattern is not None:
        stations.append(("TPP", "attention", None))
    stations += [(f"BFE {scale}", "attention", index) for index, scale in enumerate(scales)]
    stations += [("TFR", "features", None), ("Predictions", "overview", None)]
    tabs = [("overview", "Overview"), ("features", "Features"), *([("attention", "Attention")] if attention else [])]
    return {
        "tasks": [{"name": task, "title": TASKS[task].title, "colour": TASKS[task].colour} for task in analysis.tasks],
        "scales": scales,
        "heads": head_count(analysis),
        "tabs": [{"name": name, "title": title} for name, title in tabs],
        "pipeline": [
            {"title": title, "tab": tab} | ({} if scale is None else {"scale": scale}) for title, tab, scale in stations
        ],
    }
