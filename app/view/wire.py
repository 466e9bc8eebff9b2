"""How what Python shows crosses to the browser: as JSON, and charts as the text that is drawn of them."""

from collections.abc import Mapping
from typing import cast, get_args

from app.view.charts import Chart
from app.view.markup import drawn, markup
from app.view.view import Group, Json

DRAWN = ("chart", "alt", "chosen", "foot")
"""Parts of a group that its chart is drawn from."""


def to_json(value: object) -> Json:
    """Any part of the page, as the browser gets it.

    Args:
        value: Of the types in `app.view.view` and `app.view.frame`. It is not changed.

    Raises:
        TypeError: It holds something else.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            parts = {
                str(name): to_json(part) for name, part in value.items() if "chart" not in value or name not in DRAWN
            }
            return parts | {"chart": drawn(cast(Group, value))} if "chart" in value else parts
        case list() | tuple():
            return [to_json(part) for part in value]
        case _ if isinstance(value, get_args(Chart)):
            return markup(cast(Chart, value))
        case _:
            raise TypeError(f"{type(value).__name__} cannot cross to the browser.")
