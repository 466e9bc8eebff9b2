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
from bridgenet.inspection.attribution import (
    FeatureBaseline,
    LayerAttribution,
    LayerMethod,
    TaskAttribution,
    TaskMethod,
    attribute_layer,
    attribute_tasks,
)
from bridgenet.inspection.capture import capture
from bridgenet.inspection.effects import EFFECT_UNITS, difference_map, effect_of
from bridgenet.inspection.groups import GroupEffects, Groups, dominant_group, feature_groups, label_groups
from bridgenet.inspection.interaction import InteractionMatrix, interaction_matrix
from bridgenet.inspection.intervene import cut_trace, random_drop, replace, without_task, zeros
from bridgenet.inspection.meeting import PLACES, REMOVALS, Norm, Place, Removal, places_of
from bridgenet.inspection.pixels import PixelAttribution, PixelBaseline, PixelMethod, attribute_pixels, baseline_image
from bridgenet.inspection.refinement import TOLERANCES, Changed, changed_share, with_bridge_strength
from bridgenet.inspection.sanity import DeletionCurve, deletion_curve, rank_agreement, reinitialised
from bridgenet.inspection.shares import attention_shares
from bridgenet.inspection.similarity import (
    LevelContent,
    Spectrum,
    cka_matrix,
    effective_rank,
    high_frequency_share,
    level_content,
    linear_cka,
    radial_spectrum,
    spectral_centroid,
)
from bridgenet.inspection.targets import AXES, Box, Pixel, Region, Segment, Target, Whole, predicted_segment

__all__ = [
    "AXES",
    "EFFECT_UNITS",
    "PLACES",
    "REMOVALS",
    "TOLERANCES",
    "Box",
    "Changed",
    "DeletionCurve",
    "FeatureBaseline",
    "GroupEffects",
    "Groups",
    "InteractionMatrix",
    "LayerAttribution",
    "LayerMethod",
    "LevelContent",
    "Norm",
    "Pixel",
    "PixelAttribution",
    "PixelBaseline",
    "PixelMethod",
    "Place",
    "Purity",
    "Region",
    "RegionShare",
    "Removal",
    "Segment",
    "Spectrum",
    "Target",
    "TaskAttribution",
    "TaskMethod",
    "Whole",
    "attention_shares",
    "attribute_layer",
    "attribute_pixels",
    "attribute_tasks",
    "baseline_image",
    "bridge_values",
    "capture",
    "changed_share",
    "cka_matrix",
    "cut_trace",
    "deletion_curve",
    "difference_map",
    "dominant_group",
    "effect_of",
    "effective_rank",
    "feature_groups",
    "fusion_shares",
    "high_frequency_share",
    "interaction_matrix",
    "label_groups",
    "level_content",
    "linear_cka",
    "pattern_values",
    "places_of",
    "predicted_segment",
    "radial_spectrum",
    "random_drop",
    "rank_agreement",
    "region_shares",
    "reinitialised",
    "replace",
    "semantic_purity",
    "spectral_centroid",
    "with_bridge_strength",
    "without_task",
    "zeros",
]
