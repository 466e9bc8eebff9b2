"""odsF: how well predicted boundaries agree with true ones, as the SEISM evaluation measures it.

The whole recipe without MATLAB: non-maximum suppression, thresholds, thinning, the largest one-to-one matching within a
distance, and the scores. The numbers depend on what is suppressed, see `suppression`; `CONVENTION` says which it is
here.
"""

from bridgenet.learning.boundary.counting import THRESHOLDS, count_pairs, thinned
from bridgenet.learning.boundary.evaluation import count_images, evaluate_boundaries
from bridgenet.learning.boundary.judging import VALIDATION_THRESHOLDS, BoundaryJudge
from bridgenet.learning.boundary.score import BoundaryScore, at_best, average_precision, f_measure
from bridgenet.learning.boundary.suppression import CONVENTION

__all__ = [
    "CONVENTION",
    "THRESHOLDS",
    "VALIDATION_THRESHOLDS",
    "BoundaryJudge",
    "BoundaryScore",
    "at_best",
    "average_precision",
    "count_images",
    "count_pairs",
    "evaluate_boundaries",
    "f_measure",
    "thinned",
]
