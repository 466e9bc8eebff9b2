"""What a cut does in a region of the photo: effects and control over its pixels, beside those over the whole photo."""

from dataclasses import replace

import numpy as np

from app.analysis.region import Asked
from app.analysis.session import Analysis
from app.tabs.interaction.cuts import WHOLE, Cuts, Settings, made_cuts
from app.view.changes import amount, enlarged
from app.view.charts import Row, ShadedTable
from app.view.effects import effect_columns, effect_rows, effect_shades, shade_top, tasks_of
from app.view.region import pixels
from app.view.view import Group
from bridgenet.inspection import InteractionMatrix
from bridgenet.inspection.effects import mean_change
from bridgenet.kinds import change_map


def region_matrix(analysis: Analysis, computed: Cuts, asked: Asked) -> InteractionMatrix:
    """The matrix of the photo, of whose passes only the pixels of a region are looked at; its attention stays."""
    matrix, size, region = computed.matrix, analysis.prediction.network_size, asked.pixels
    tasks = tasks_of(matrix)
    said = {
        source: {task: enlarged(computed.logits[source][task], size) for task in tasks} for source in (WHOLE, *tasks)
    }
    effect = [
        [mean_change(target, change_map(target, said[WHOLE][target], said[source][target]), region) for target in tasks]
        for source in tasks
    ]
    control = [mean_change(target, computed.control[target], region) for target in tasks]
    return replace(
        matrix,
        effect=np.array(effect),
        control=np.array(control),
        samples=np.array([effect]),
        control_samples=np.array([control]),
    )


def region_effects(analysis: Analysis, settings: Settings, asked: Asked) -> Group:
    """Every cut, as it moves the pixels of a region."""
    matrix, photo = analysis.result(_matrices, settings.of_photo, asked)
    top = shade_top(matrix)
    rows = beside_photo(effect_rows(matrix, top), photo)
    return {
        "id": "region-effects",
        "title": f"What a cut does {asked.here}",
        "text": f"mean over its {pixels(asked.count)}; small: over a random cut there · in the whole photo",
        "chart": ShadedTable(rows, effect_columns(matrix.tasks, units=True), "cut ↓  moves →", effect_shades(top)),
        "alt": f"Effect of removing each task (rows) on each task (columns) {asked.here}",
    }


def beside_photo(rows: list[Row], photo: InteractionMatrix) -> list[Row]:
    """Rows of a region's matrix, with what holds for the whole photo in small."""
    whole = [*photo.effect, photo.control]
    return [
        replace(
            row,
            cells=[
                replace(cell, small=f"{cell.small} · {amount(float(value), target)}")
                for cell, value, target in zip(row.cells, values, tasks_of(photo), strict=True)
            ],
        )
        for row, values in zip(rows, whole, strict=True)
    ]


def _matrices(analysis: Analysis, settings: Settings, asked: Asked) -> tuple[InteractionMatrix, InteractionMatrix]:
    """Of the region, and of the whole photo."""
    computed = made_cuts(analysis, settings)
    return region_matrix(analysis, computed, asked), computed.matrix
