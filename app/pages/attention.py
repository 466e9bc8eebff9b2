"""What the views of attention share: heads, their names, and which of them is read."""

from typing import Any

from app.pages.page import Value
from app.selection import Selection
from app.session import Analysis


def has_bridge(analysis: Analysis) -> bool:
    """Whether the checkpoint has Bridge Feature Extractors."""
    return any(stage.attention is not None for stage in analysis.trace.stages)


def head_count(analysis: Analysis) -> int:
    """Attention heads, of TPP or else of the bridge; 0 without either."""
    if analysis.trace.pattern is not None:
        return next(iter(analysis.trace.pattern.attention.values())).shape[1]
    maps = [stage.attention for stage in analysis.trace.stages if stage.attention is not None]
    return maps[0].shape[1] if maps else 0


def heads_read(selection: Selection, analysis: Analysis) -> str:
    """Which heads are read, in words."""
    count = head_count(analysis)
    if selection.head is not None:
        return f"head {selection.head + 1} of {count}"
    return f"mean of {count} heads" if count > 1 else "one head"


def head_tool(selection: Selection, analysis: Analysis) -> dict[str, Any]:
    """Choice of a head, or of the mean of all."""
    heads = [{"value": head, "text": str(head + 1)} for head in range(head_count(analysis))]
    chosen = -1 if selection.head is None else selection.head
    options = [{"value": -1, "text": "mean"}, *heads]
    return {"kind": "segments", "name": "head", "label": "Head", "options": options, "chosen": chosen}


def attention_view(analysis: Analysis, hint: str) -> Value:
    """What the values of both viewers begin with."""
    return {"heads": head_count(analysis), "hint": hint}
