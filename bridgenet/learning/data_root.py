"""Where a data set lies on this machine."""

import os
from dataclasses import replace
from pathlib import Path

from bridgenet.config import DataConfig
from bridgenet.data import DataError
from bridgenet.sources import SOURCES, another_data_set, find_source

SHELF = "BRIDGENET_DATA"
"""Environment variable that names the folder of all data sets; each has a folder of its own name in it."""


def locate_data(config: DataConfig, root: Path | None) -> DataConfig:
    """The config with the folder of the data set: as asked for, as configured, or on the shelf.

    Args:
        config: Which data set.
        root: The folder that was asked for, or None.

    Raises:
        DataError: Nothing says where the data lie, or nobody knows them; or what was asked for is another data set, or
            a folder where none is read.
    """
    source = SOURCES.get(config.name)
    if source and not source.needs_root:
        # Nobody reads that folder, so nobody else would say it.
        if (asked := root or config.root) is not None:
            raise DataError(
                another_data_set(config.name, asked)
                or f"{config.called} reads no folder, so nothing would be taken from {asked}. Leave --data-root out, "
                "or name the data set that lies there."
            )
        return config
    shelf = os.environ.get(SHELF)
    root = root or config.root or (Path(shelf) / config.name if shelf else None)
    if root is None:
        find_source(config.name)  # Nobody is sent to look for what nothing here can read.
        if source and source.describe is not None:
            raise DataError("Where is the folder of photos? Say --data-root DIR: it holds dataset.json and images/.")
        raise DataError(
            f"Where is {config.called}? Say --data-root DIR, or let the variable {SHELF} name the folder that holds a "
            f"folder {config.name!r}. The preset rooms-tiny needs no data."
        )
    return replace(config, root=root)
