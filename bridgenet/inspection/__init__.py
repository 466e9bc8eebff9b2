"""Looking into a network and changing what it does: numbers in, numbers out; `drawing` makes the pictures.

Here is what notebooks and programs ask with. What a single part of the studio needs is in the modules.
"""

from bridgenet.inspection.attention.bridge import (
    bridge_grids,
    bridge_rows,
    bridge_share_maps,
    bridge_shares,
    dominant_task,
)
from bridgenet.inspection.attention.fusion import fusion_effects, fusion_shares
from bridgenet.inspection.attention.propagation import tpp_attention, tpp_grids, tpp_row
from bridgenet.inspection.attention.purity import row_purity
from bridgenet.inspection.attention.regions import region_shares
from bridgenet.inspection.attention.rows import attention_entropy
from bridgenet.inspection.attention.shares import attention_shares
from bridgenet.inspection.attention.values import bridge_values, pattern_values
from bridgenet.inspection.attribution import attribute_layer, attribute_tasks
from bridgenet.inspection.capture import capture
from bridgenet.inspection.cost import costs_of_shapes, meeting_seconds, network_cost
from bridgenet.inspection.effects import difference_map, effect_of
from bridgenet.inspection.features.basis import BASIS_FILE, BasisError, FeatureBasis, basis_of_trace, fit_basis
from bridgenet.inspection.features.colours import colour_agreement
from bridgenet.inspection.features.components import similarity_to_token
from bridgenet.inspection.features.similarity import (
    cka_matrix,
    effective_rank,
    level_content,
    linear_cka,
    radial_spectrum,
    spectral_centroid,
)
from bridgenet.inspection.interaction import InteractionMatrix, interaction_matrix
from bridgenet.inspection.intervene import cut_trace, random_drop, replace, without_reading, without_task, zeros
from bridgenet.inspection.pixels import attribute_pixels, baseline_image
from bridgenet.inspection.places import place_in_words, token_at
from bridgenet.inspection.questions import target_at
from bridgenet.inspection.ranks import half_agreement, rank_interval
from bridgenet.inspection.readout import read_place
from bridgenet.inspection.refinement import changed_share, with_bridge_strength
from bridgenet.inspection.refinement_error import comparable_tasks, error_in_words, picture_errors, with_other_bridge
from bridgenet.inspection.region import Box, Lasso, Pixel, Segment, Whole, coverage, mean_over
from bridgenet.inspection.sanity import deletion_curve, rank_agreement, reinitialised
from bridgenet.inspection.spread import cell_sums, reach, share_inside
from bridgenet.inspection.summary import over_region
from bridgenet.inspection.targets import Target

__all__ = [
    "BASIS_FILE",
    "BasisError",
    "Box",
    "FeatureBasis",
    "InteractionMatrix",
    "Lasso",
    "Pixel",
    "Segment",
    "Target",
    "Whole",
    "attention_entropy",
    "attention_shares",
    "attribute_layer",
    "attribute_pixels",
    "attribute_tasks",
    "baseline_image",
    "basis_of_trace",
    "bridge_grids",
    "bridge_rows",
    "bridge_share_maps",
    "bridge_shares",
    "bridge_values",
    "capture",
    "cell_sums",
    "changed_share",
    "cka_matrix",
    "colour_agreement",
    "comparable_tasks",
    "costs_of_shapes",
    "coverage",
    "cut_trace",
    "deletion_curve",
    "difference_map",
    "dominant_task",
    "effect_of",
    "effective_rank",
    "error_in_words",
    "fit_basis",
    "fusion_effects",
    "fusion_shares",
    "half_agreement",
    "interaction_matrix",
    "level_content",
    "linear_cka",
    "mean_over",
    "meeting_seconds",
    "network_cost",
    "over_region",
    "pattern_values",
    "picture_errors",
    "place_in_words",
    "radial_spectrum",
    "random_drop",
    "rank_agreement",
    "rank_interval",
    "reach",
    "read_place",
    "region_shares",
    "reinitialised",
    "replace",
    "row_purity",
    "share_inside",
    "similarity_to_token",
    "spectral_centroid",
    "target_at",
    "token_at",
    "tpp_attention",
    "tpp_grids",
    "tpp_row",
    "with_bridge_strength",
    "with_other_bridge",
    "without_reading",
    "without_task",
    "zeros",
]
