"""What attention says: how much each task is read, over all places where tasks meet."""

from collections.abc import Collection

import numpy as np
from jaxtyping import Float

from bridgenet.inspection.intervene import meetings_at
from bridgenet.model.network import Network
from bridgenet.trace import Trace

Shares = Float[np.ndarray, "tasks tasks"]
"""Share of each source (row) in what each target (column) reads. Columns sum to 1."""


def attention_shares(model: Network, trace: Trace, places: Collection[str] | None = None) -> Shares:
    """Share of each source in what each target reads; the mean over the meetings that tell, see `Meeting.shares`.

    For the notebooks.

    Where none of them tells, all shares are NaN.

    Args:
        model: The network that made the trace.
        trace: Its pass.
        places: Names of meetings. None: all.

    Raises:
        ValueError: A name is unknown, or the network has none of the places.
    """
    told = [meeting.shares(trace) for meeting in meetings_at(model, places)]
    reads = [shares.cpu().numpy() for shares in told if shares is not None]
    return np.mean(reads, axis=0) if reads else np.full((len(model.tasks),) * 2, np.nan)
