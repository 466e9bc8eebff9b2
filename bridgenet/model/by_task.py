"""A module for each task."""

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Generic, TypeVar, cast

from torch import nn

from bridgenet.tasks import TaskName

Part = TypeVar("Part", bound=nn.Module)


class ByTask(nn.ModuleDict, Generic[Part]):
    """A module for each task, in their order: an `nn.ModuleDict` whose keys are tasks and whose values have one type.

    Args:
        parts: By task.
    """

    def __init__(self, parts: Mapping[TaskName, Part]) -> None:
        super().__init__({**parts})

    def __getitem__(self, key: str) -> Part:
        return cast(Part, super().__getitem__(key))

    def __iter__(self) -> Iterator[TaskName]:
        return cast(Iterator[TaskName], super().__iter__())

    def values(self) -> ValuesView[Part]:
        return cast(ValuesView[Part], super().values())

    def items(self) -> ItemsView[TaskName, Part]:
        return cast(ItemsView[TaskName, Part], super().items())
