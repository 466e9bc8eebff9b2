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
from bridgenet.inspection.colours import colour_agreement
from bridgenet.inspection.cost import (
    Cost,
    MeetingCosts,
    costs_by_tasks,
    costs_of_shapes,
    meeting_costs,
    meeting_seconds,
    multiply_adds,
    network_cost,
)
from bridgenet.inspection.effects import difference_map, effect_of
from bridgenet.inspection.fusion import fusion_effects
from bridgenet.inspection.groups import GroupEffects, Groups, dominant_group, feature_groups, label_groups
from bridgenet.inspection.interaction import InteractionMatrix, interaction_matrix
from bridgenet.inspection.intervene import cut_trace, random_drop, replace, without_reading, without_task, zeros
from bridgenet.inspection.pixels import PixelAttribution, PixelBaseline, PixelMethod, attribute_pixels, baseline_image
from bridgenet.inspection.purity import RowPurity, row_purity
from bridgenet.inspection.questions import target_at
from bridgenet.inspection.ranks import RankInterval, half_agreement, rank_interval
from bridgenet.inspection.refinement import Changed, changed_share, with_bridge_strength
from bridgenet.inspection.refinement_error import (
    comparable_tasks,
    error_in_words,
    picture_errors,
    with_other_bridge,
)
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
from bridgenet.inspection.spread import cell_sums, reach, share_inside
from bridgenet.inspection.targets import Box, Pixel, Region, Segment, Target, Whole, predicted_segment

__all__ = [
    "Box",
    "Changed",
    "Cost",
    "DeletionCurve",
    "FeatureBaseline",
    "GroupEffects",
    "Groups",
    "InteractionMatrix",
    "LayerAttribution",
    "LayerMethod",
    "LevelContent",
    "MeetingCosts",
    "Pixel",
    "PixelAttribution",
    "PixelBaseline",
    "PixelMethod",
    "Purity",
    "RankInterval",
    "Region",
    "RegionShare",
    "RowPurity",
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
    "cell_sums",
    "changed_share",
    "cka_matrix",
    "colour_agreement",
    "comparable_tasks",
    "costs_by_tasks",
    "costs_of_shapes",
    "cut_trace",
    "deletion_curve",
    "difference_map",
    "dominant_group",
    "effect_of",
    "effective_rank",
    "error_in_words",
    "feature_groups",
    "fusion_effects",
    "fusion_shares",
    "half_agreement",
    "high_frequency_share",
    "interaction_matrix",
    "label_groups",
    "level_content",
    "linear_cka",
    "meeting_costs",
    "meeting_seconds",
    "multiply_adds",
    "network_cost",
    "pattern_values",
    "picture_errors",
    "predicted_segment",
    "radial_spectrum",
    "random_drop",
    "rank_agreement",
    "rank_interval",
    "reach",
    "region_shares",
    "reinitialised",
    "replace",
    "row_purity",
    "semantic_purity",
    "share_inside",
    "spectral_centroid",
    "target_at",
    "with_bridge_strength",
    "with_other_bridge",
    "without_reading",
    "without_task",
    "zeros",
]
