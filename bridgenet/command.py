"""What a command line says, as dataclasses; or the end of the program with one short sentence.

tyro cuts the line into values and knows the help. What the values may be is the dataclasses' own business: a number
or a choice that cannot be read is handed on as the text that it is, and refused where its limits stand.
"""

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import fields, is_dataclass
from itertools import groupby
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import tyro
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    PrimitiveTypeInfo,
    StructConstructorSpec,
    StructTypeInfo,
)

from bridgenet.config import SettingError, perhaps
from bridgenet.labels import Classes
from bridgenet.tasks import TaskName

T = TypeVar("T")

USAGE = 2
"""Exit status of a command line that cannot be understood."""


def parse(
    kind: type[T] | Any,
    prog: str,
    description: str | None,
    line: Sequence[str] | None = None,
    *,
    first: tuple[str, Sequence[str]] | None = None,
) -> T:
    """The dataclass that a command line describes.

    Args:
        kind: The dataclass, or a union of subcommands.
        prog: Name of the command.
        description: What it does, for the help.
        line: The words after the command. None takes those of this process.
        first: Where the first word chooses: what that is called, and the choices.

    Raises:
        SystemExit: The line asks for help, or cannot be understood; what is wrong has been said.
    """
    words = [str(word) for word in (sys.argv[1:] if line is None else line)]
    if first and not {*words[:1]} & {*first[1], "-h", "--help"}:
        raise refusal(_unchosen(*first, words), prog)
    # What may follow a choice is listed by the help of that choice.
    chosen = f"{prog} {words[0]}" if first else prog
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            parsed, unknown = tyro.cli(
                kind,
                prog=prog,
                description=description,
                args=words,
                config=(tyro.conf.AvoidSubcommands,),
                registry=_registry(),
                return_unknown_args=True,
            )
    except SettingError as error:
        raise refusal(in_flags(error, kind), chosen) from None
    except SystemExit as end:
        if not end.code:
            raise
        known = set(flags(kind))
        strange = [word for word in words if word.startswith("--") and _name(word) not in {*known, "--help"}]
        raise refusal(_reason(end, kind, strange, said.getvalue()), chosen) from None
    if unknown:
        raise refusal(_unknown(unknown[0], kind), chosen)
    return parsed


def refusal(message: str, prog: str) -> SystemExit:
    """Says why a command line cannot be used. Returns what to raise."""
    print(f"{message}\n`python -m {prog} --help` lists what can be said.", file=sys.stderr)  # noqa: T201
    return SystemExit(USAGE)


def in_flags(error: SettingError, kind: Any) -> str:
    """The message of a refused setting, with the name of its field as on the command line."""
    prefix = next((path for path, part in _parts(kind) if part is error.owner), "")
    head, _, rest = str(error).partition(" ")
    return f"--{prefix}{head}".replace("_", "-") + f" {rest}".replace(" or null", "")


def flags(kind: Any) -> Iterator[str]:
    """The flags of a dataclass and of its parts."""
    for prefix, part in _parts(kind):
        hints = get_type_hints(part)
        for field in fields(part):
            if _is_no_flag(hints[field.name]) or is_dataclass(hints[field.name]):
                continue
            name = field.name.replace("_", "-")
            yield f"--{prefix}{name}"
            if hints[field.name] is bool:
                yield f"--{prefix}no-{name}"
            if get_origin(hints[field.name]) is dict:
                names = get_args(get_args(hints[field.name])[0])
                yield from (f"--{prefix}{name}.{entry}".replace("_", "-") for entry in names)


def _parts(kind: Any, prefix: str = "") -> Iterator[tuple[str, type]]:
    """The dataclasses of a command line, each with the beginning of its flags."""
    if not (isinstance(kind, type) and is_dataclass(kind)):
        for part in get_args(kind):
            yield from _parts(part, prefix)
        return
    yield prefix, kind
    for name, hint in get_type_hints(kind).items():
        if _is_no_flag(hint):
            continue
        yield from _parts(hint, prefix if name == "config" else f"{prefix}{name.replace('_', '-')}.")


def _reason(end: SystemExit, kind: Any, strange: list[str], said: str) -> str:
    """Why tyro ended: a refused setting that it met, a flag that it does not know, or its own words."""
    error: BaseException | None = end
    while error is not None and not isinstance(error, SettingError):
        error = error.__context__
    if isinstance(error, SettingError):
        return in_flags(error, kind)
    return _unknown(strange[0], kind) if strange else _unboxed(said)


def _unboxed(said: str) -> str:
    """What tyro says, without its title, the box around it (in letters that the terminal has) and the hint below it."""
    lines = [line.strip("│| ") for line in said.splitlines()[1:]]
    parts = groupby(lines, key=lambda line: bool(line.strip("─-╰╯")))
    return next((" ".join(part) for has_words, part in parts if has_words), said.strip())


def _unchosen(what: str, choices: Sequence[str], words: Sequence[str]) -> str:
    said = f"There is no {what} {words[0]!r}." if words else f"Say which {what}."
    return f"{said}{perhaps(words[0], choices) if words else ''} Choose among {', '.join(choices)}."


def _unknown(word: str, kind: Any) -> str:
    if not word.startswith("-"):
        return (
            f"{word!r} was not expected here. A switch takes no value: it is turned off by no-, as in --data.no-flip."
        )
    return f"There is no {_name(word)}.{perhaps(_name(word), flags(kind))}"


def _name(word: str) -> str:
    return word.partition("=")[0].replace("_", "-")


def _registry() -> ConstructorRegistry:
    """Rules that hand on what they cannot read."""
    registry = ConstructorRegistry()

    @registry.primitive_rule
    def number(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec | None:
        if info.type not in (int, float):
            return None
        return PrimitiveConstructorSpec(
            nargs=1,
            metavar=info.type.__name__.upper(),
            instance_from_str=lambda words: _number(info.type, words[0]),
            is_instance=lambda value: isinstance(value, (int, info.type)),
            str_from_instance=lambda value: [str(value)],
        )

    @registry.primitive_rule
    def choice(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec | None:
        if get_origin(info.type) is not Literal:
            return None
        choices = {str(entry): entry for entry in get_args(info.type)}
        return PrimitiveConstructorSpec(
            nargs=1,
            metavar="{" + ",".join(choices) + "}",
            instance_from_str=lambda words: choices.get(words[0], words[0]),
            is_instance=lambda value: value in choices.values(),
            str_from_instance=lambda value: [str(value)],
        )

    @registry.struct_rule
    def classes(info: StructTypeInfo) -> StructConstructorSpec | None:
        if not _is_no_flag(info.type):
            return None
        return StructConstructorSpec(instantiate=lambda: info.default, fields=())

    return registry


def _is_no_flag(hint: Any) -> bool:
    """Whether a field is none of a command line's: names of classes come with the data."""
    return dict[TaskName, Classes] in (hint, *get_args(hint))


def _number(kind: type, word: str) -> Any:
    try:
        return kind(word)
    except ValueError:
        return word
