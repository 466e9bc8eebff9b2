"""Words in the colour of a task, and parts of a whole."""

from typing import NotRequired, TypedDict


class Spoken(TypedDict):
    """A part of a sentence, in the colour of a task where it has one."""

    text: str
    colour: NotRequired[str]


class Titled(Spoken):
    """A title, and the same where there is little room."""

    short: str


class Share(TypedDict):
    """A part of a whole."""

    title: str
    colour: str
    share: float
