"""The data sets, one file each: whatever lies in this folder is one, and says so in its `SOURCE`."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from bridgenet.reading.sample import DataError
from bridgenet.reading.source import Source

__all__ = ["SOURCES", "another_data_set", "find_source", "source_at"]


def _listed() -> dict[str, Source]:
    names = sorted(module.name for module in iter_modules(__path__))
    sources = {name: getattr(import_module(f"{__name__}.{name}"), "SOURCE", None) for name in names}
    for name, source in sources.items():
        if not isinstance(source, Source) or source.name != name:
            raise ImportError(f"bridgenet/sources/{name} is no data set: it needs SOURCE = Source(name={name!r}, ...).")
    return {name: source for name, source in sources.items() if source is not None}


SOURCES: dict[str, Source] = _listed()
"""Every data set by its name, in alphabetical order."""


def find_source(name: str) -> Source:
    """The data set of a name, to be opened.

    Raises:
        DataError: There is no such data set here.
    """
    if name not in SOURCES:
        raise DataError(
            f"BridgeNet does not know the data set {name} here: put the file that describes it, {name}.py, into "
            f"bridgenet/sources. It learns from {' or '.join(SOURCES)}."
        )
    return SOURCES[name]


def source_at(name: str, root: Path | None) -> Source:
    """The data set of a name, with what the files in its folder say of it where they do.

    Raises:
        DataError: There is no such data set here, or its files do not say what it is.
    """
    source = find_source(name)
    return source.describe(root) if source.describe is not None and root is not None else source


def another_data_set(name: str, root: Path | None) -> str:
    """What is said of a folder that was taken for a data set of this name but says itself that it is another.

    Args:
        name: The data set that was asked for.
        root: The folder.

    Returns:
        A sentence; nothing where the folder does not say so.
    """
    if root is None:
        return ""
    for other in SOURCES.values():
        if other.name != name and other.described_in and (root / other.described_in).is_file():
            return (
                f"{root} holds {other.described_in}: it is a data set of its own, not {name}. Add --data.name "
                f"{other.name} to train on it (--data {other.name} to evaluate)."
            )
    return ""
