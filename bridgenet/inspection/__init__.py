"""Looking into a network and changing what it does: numbers in, numbers out; `drawing` makes the pictures."""

from bridgenet.inspection.attention import (
    Purity,
    RegionShare,
    bridge_values,
    fusion_shares,
    pattern_values,
    region_shares,
    semantic_purity,
)
from bridgenet.inspection.capture import capture
from bridgenet.inspection.effects import EFFECT_UNITS, difference_map, effect_of
from bridgenet.inspection.interaction import InteractionMatrix, interaction_matrix
from bridgenet.inspection.intervene import cut_trace, random_drop, replace, without_task, zeros
from bridgenet.inspection.meeting import PLACES, REMOVALS, Norm, Place, Removal, places_of
from bridgenet.inspection.refinement import TOLERANCES, Changed, changed_share, with_bridge_strength
from bridgenet.inspection.shares import attention_shares

__all__ = [
    "EFFECT_UNITS",
    "PLACES",
    "REMOVALS",
    "TOLERANCES",
    "Changed",
    "InteractionMatrix",
    "Norm",
    "Place",
    "Purity",
    "RegionShare",
    "Removal",
    "attention_shares",
    "bridge_values",
    "capture",
    "changed_share",
    "cut_trace",
    "difference_map",
    "effect_of",
    "fusion_shares",
    "interaction_matrix",
    "pattern_values",
    "places_of",
    "random_drop",
    "region_shares",
    "replace",
    "semantic_purity",
    "with_bridge_strength",
    "without_task",
    "zeros",
]
