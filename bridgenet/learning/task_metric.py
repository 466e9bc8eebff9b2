"""What the metrics of all tasks have in common: sums over all valid pixels of a set, whoever has seen them."""

from abc import abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor
from torchmetrics import Metric


class TaskMetric(Metric):
    """Base of the metrics of one task: named sums that add up over images and over processes.

    A subclass adds the valid pixels of what it sees to `pixels`, and says what the sums mean in `values`.
    """

    full_state_update = False
    convention = ""
    """What the numbers are by, in words, where there are several ways."""

    pixels: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.named: list[str] = []
        self.add_sums("pixels")

    def add_sums(self, *names: str, size: tuple[int, ...] = (), dtype: torch.dtype = torch.float64) -> None:
        """Declares sums that start at zero."""
        for name in names:
            self.add_state(name, torch.zeros(size, dtype=dtype), dist_reduce_fx="sum")
            self.named.append(name)

    @property
    def sums(self) -> dict[str, Tensor]:
        """What has been summed up so far, by name."""
        return {name: getattr(self, name) for name in self.named}

    def take(self, sums: Mapping[str, Tensor]) -> None:
        """Puts other sums in the place of those so far."""
        for name in self.named:
            setattr(self, name, sums[name].to(getattr(self, name)))

    def compute(self) -> dict[str, float | str | None]:
        """The metrics by name; each is None if no pixel of the set was valid."""
        return self.of_these_sums()

    def of_these_sums(self) -> dict[str, float | str | None]:
        """The same of what this process has summed up."""
        values = self.values()
        return {name: value if self.pixels else None for name, value in values.items()}

    @abstractmethod
    def values(self) -> dict[str, float]:
        """The metrics by name. Without a valid pixel the numbers mean nothing."""
