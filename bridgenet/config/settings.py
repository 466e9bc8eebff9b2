"""Settings that are checked where they are made, and refused in a sentence.

A field of a `Settings` dataclass states its limits in its type: `steps: Count`. Types and limits are checked by
pydantic, strictly: no text for a number, no fraction for a count, no NaN. What a message says is allowed is read off
the same annotation, so the two cannot differ.
"""

import json
import types
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from annotated_types import Interval, Len
from pydantic import ConfigDict, Strict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

T = TypeVar("T")

Count = Annotated[int, Interval(ge=1, le=1_000_000_000)]
"""A whole number of things, at least one."""

CountOrNone = Annotated[int, Interval(ge=0, le=1_000_000_000)]
"""The same, or none of them."""

Width = Annotated[int, Interval(ge=1, le=1_000_000)]
"""Channels, heads, or a factor between sizes."""

Positive = Annotated[float, Interval(gt=0)]
NotNegative = Annotated[float, Interval(ge=0)]
Share = Annotated[float, Interval(ge=0, le=1)]
"""A part of a whole, or a probability."""

Text = Annotated[str, Len(1)]
FilePath = Annotated[Path, Strict(False)]
"""A path; text is made one."""

SHOWN = 60
"""Characters of a refused value that a message repeats."""


class SettingError(ValueError):
    """A setting is not what it may be. The message begins with the name of the field.

    Attributes:
        owner: The class whose field it is.
    """

    def __init__(self, message: str, owner: type | None = None) -> None:
        super().__init__(message)
        self.owner = owner


class Settings:
    """Base of frozen dataclasses whose values are checked when they are made.

    Raises:
        SettingError: A value has the wrong type or lies outside its limits.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    def __post_init__(self) -> None:
        try:
            checked = _fields(type(self)).validate_python(vars(self))
        except ValidationError as error:
            raise SettingError(_explain(type(self), error), type(self)) from None
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def refuse(self, message: str) -> SettingError:
        """An error about fields that do not fit each other; the message begins with the name of one of them."""
        return SettingError(message, type(self))


def from_dict(cls: type[T], values: Mapping[str, Any]) -> T:
    """Settings from plain JSON types; the inverse of `bridgenet.config.to_dict`.

    Raises:
        SettingError: A field is unknown or missing, or its value is refused.
    """
    try:
        text = json.dumps(values, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingError(f"{cls.__name__} cannot be read from these values: {error}.", cls) from None
    try:
        return TypeAdapter(cls).validate_json(text)
    except ValidationError as error:
        raise SettingError(_explain(cls, error), cls) from None


def perhaps(word: object, known: Iterable[str], count: int = 1) -> str:
    """The sentence "Perhaps you meant ..." after a space, or nothing where no known word is near."""
    folded = {name.lower(): name for name in known}
    near = [folded[name] for name in get_close_matches(str(word).lower(), folded, n=count)]
    return f" Perhaps you meant {' or '.join(near)}." if near else ""


def not_among(name: str, value: str, known: Iterable[str]) -> str:
    """The sentence about a field whose value is none of those that there are, with the one that was probably meant."""
    *others, last = known
    choices = f"{', '.join(others)} or {last}" if others else last
    return f"{name} must be {choices}, not {_shown(value)}.{perhaps(value, (*others, last))}"


def allowed(hint: Any) -> str:
    """What a type lets through, in words."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return allowed(parts[0]) + "".join(map(_limits, parts[1:]))
    if origin in (Union, types.UnionType):
        return " or ".join(allowed(part) for part in sorted(parts, key=lambda part: part is types.NoneType))
    if origin is Literal:
        *others, last = (str(part) for part in parts)
        return f"{', '.join(others)} or {last}" if others else last
    if origin is tuple and parts[-1] is not Ellipsis:
        return f"{len(parts)} values, each {allowed(parts[0])}"
    if origin is tuple:
        return f"a list, each entry {allowed(parts[0])}"
    return "an object with names and values"


_PLAIN: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    Path: "a path",
    types.NoneType: "null",
}


def _limits(limit: object) -> str:
    match limit:
        case Interval(gt=None, ge=low, lt=None, le=high) if low is not None and high is not None:
            return f" from {low:,} to {high:,}"
        case Interval(gt=low, ge=None) if low is not None:
            return f" above {low}" + (f" and up to {limit.le}" if limit.le is not None else "")
        case Interval(ge=low, lt=high):
            return f" of at least {low}" + (f" and below {high}" if high is not None else "")
        case Len(min_length=least, max_length=most) if most is not None:
            return f", {least} to {most} of them"
        case Len():
            return ", not empty"
    return ""


@cache
def _fields(cls: type) -> TypeAdapter:
    """Checks the values of a dataclass by name; parts that are settings themselves have been checked already."""
    values = TypedDict(cls.__name__, _field_types(cls))  # type: ignore[misc]
    values.__pydantic_config__ = Settings.__pydantic_config__  # type: ignore[attr-defined]
    return TypeAdapter(values)


@cache
def _field_types(cls: type) -> dict[str, Any]:
    """Annotations of the fields of a dataclass, limits included."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in fields(cls)}


def _explain(cls: type, error: ValidationError) -> str:
    """The first few problems, each in a sentence."""
    sentences = dict.fromkeys(_sentence(cls, problem) for problem in error.errors(include_url=False))
    return " ".join(list(sentences)[:3])


def _sentence(cls: type, problem: Mapping[str, Any]) -> str:
    place, hint, name = list(problem["loc"]), cast(Any, cls), ""
    while place:
        part = place.pop(0)
        known: Mapping[str, Any] = {}
        if isinstance(hint, type) and is_dataclass(hint):
            known = _field_types(hint)
            if part not in known:
                where = "" if name else f": {hint.__name__} has no field {part}"
                return f"{_joined(name, part)} is unknown{where}.{_choices(part, known)}"
        if place == ["[key]"]:
            names = get_args(_without_limits(hint))[0]
            return f"{name} may not name {_shown(part)}, only {allowed(names)}.{perhaps(part, get_args(names))}"
        name, hint = _inner(name, hint, part, known)
    match problem["type"]:
        case "value_error":
            return _joined(name, str(problem["ctx"]["error"]))
        case "missing":
            return f"{name} is missing: it must be {allowed(hint)}."
        case "json_invalid" | "recursion_loop":
            return f"{name or cls.__name__} cannot be read: {problem['msg']}."
    value, words = problem["input"], get_args(hint) if get_origin(hint) is Literal else ()
    near = perhaps(value, map(str, words)) if isinstance(value, str) else ""
    return f"{name or cls.__name__} must be {allowed(hint)}, not {_shown(value)}.{near}"


def _inner(name: str, hint: Any, part: str | int, known: Mapping[str, Any]) -> tuple[str, Any]:
    """Name and type of a part of a value, for people: of a field, of an entry of a list, or under a name."""
    if part in known:
        return _joined(name, str(part)), known[str(part)]
    kind = _without_limits(hint)
    if isinstance(part, int) and get_origin(kind) is tuple:
        kinds = [entry for entry in get_args(kind) if entry is not Ellipsis]
        return f"{name}, entry {part + 1},", kinds[min(part, len(kinds) - 1)]
    if get_origin(kind) is dict:
        return _joined(name, str(part)), get_args(kind)[1]
    return name, hint


def _without_limits(hint: Any) -> Any:
    """The type itself: without limits, and without the choice of None."""
    if get_origin(hint) is Annotated:
        return _without_limits(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return _without_limits(next(part for part in get_args(hint) if part is not types.NoneType))
    return hint


def _joined(prefix: str, name: str) -> str:
    """The name of a part of a field, or of an entry of a list: `tables, entry 1, number`."""
    return f"{prefix}{' ' if prefix.endswith(',') else '.'}{name}" if prefix else name


def _choices(word: str, known: Iterable[str]) -> str:
    return perhaps(word, known) or f" Known: {', '.join(sorted(known))}."


def _shown(value: object) -> str:
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
