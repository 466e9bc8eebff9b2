"""How results are drawn. Numbers in, pictures (uint8 RGB) out; the meaning of every colour is stated with it.

Here is what notebooks and programs draw with. What a single part of the studio needs is in the modules.
"""

from bridgenet.drawing.attention import attention_panel, dominant_task_map
from bridgenet.drawing.attention_grid import attention_grid_figure
from bridgenet.drawing.changes import change_panel, gain_panel
from bridgenet.drawing.comparison import answer_panel, answers_figure
from bridgenet.drawing.features import basis_colours, channel_map, pca_rgb, pca_rgb_aligned
from bridgenet.drawing.figure import (
    Bar,
    Panel,
    heat_panel,
    overview_figure,
    panel_figure,
    prediction_panel,
    shares_figure,
)
from bridgenet.drawing.palette import class_palette
from bridgenet.drawing.predictions import (
    LegendEntry,
    colour_classes,
    colour_heat,
    colour_normals,
    colour_signed,
    colour_task,
    depth_limits,
    legend_entries,
)
from bridgenet.drawing.signed import region_picture, signed_panel
from bridgenet.drawing.stacked_shares import StackedRow, stacked_shares_figure

__all__ = [
    "Bar",
    "LegendEntry",
    "Panel",
    "StackedRow",
    "answer_panel",
    "answers_figure",
    "attention_grid_figure",
    "attention_panel",
    "basis_colours",
    "change_panel",
    "channel_map",
    "class_palette",
    "colour_classes",
    "colour_heat",
    "colour_normals",
    "colour_signed",
    "colour_task",
    "depth_limits",
    "dominant_task_map",
    "gain_panel",
    "heat_panel",
    "legend_entries",
    "overview_figure",
    "panel_figure",
    "pca_rgb",
    "pca_rgb_aligned",
    "prediction_panel",
    "region_picture",
    "shares_figure",
    "signed_panel",
    "stacked_shares_figure",
]
