"""The data sets, one file each: whatever lies in this folder is one, and says so in its `SOURCE`."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from bridgenet.reading.sample import DataError
from bridgenet.reading.source import Source

__all__ = ["SOURCES", "find_source", "source_at"]


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
