"""Names of ways to ask: refused where there is no such way, since an unknown one would be taken for another."""

from typing import get_args


def check_choice(what: str, given: str, choices: object) -> None:
    """Makes sure that a name is one of a Literal's.

    Args:
        what: What it names, for the message.
        given: The name.
        choices: The Literal.

    Raises:
        ValueError: It is none of them.
    """
    if given not in get_args(choices):
        raise ValueError(f"There is no {what} {given!r}. Possible: {', '.join(get_args(choices))}.")
