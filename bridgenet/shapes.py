"""Tensor types. Names inside a type bind per call: two arguments that share a name must agree.

The test run checks them (jaxtyping with beartype); ordinary use pays nothing.
"""

from jaxtyping import Float, Int
from torch import Tensor

Image = Float[Tensor, "batch 3 height width"]
"""RGB in 0..1, not normalised: the backbone knows its own mean and deviation."""

Feature = Float[Tensor, "batch channels height width"]
"""A feature map whose sizes must agree with the other features of the same call."""

AnyFeature = Float[Tensor, "_ _ _ _"]
"""A feature map of any size."""

Tokens = Float[Tensor, "batch tokens channels"]
"""A feature map flattened row by row."""

AnyTokens = Float[Tensor, "_ _ _"]

AnyAttention = Float[Tensor, "_ _ _ _"]
"""Of (batch, heads, queries, keys)."""

Labels = Int[Tensor, "batch height width"]
"""Class indices, 255 = ignore."""
