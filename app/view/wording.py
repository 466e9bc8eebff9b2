"""Sentences of the page that do not depend on the photo. They lie beside the tab that says them."""

from functools import cache
from pathlib import Path


def percent(share: float) -> str:
    """A share of 1 in words."""
    return f"{100 * share:.0f} %"


@cache
def wording(file: Path) -> tuple[str, str]:
    """What a view shows, in one sentence, and how to use it: the two paragraphs of a text."""
    what, how = file.read_text(encoding="utf-8").strip().split("\n\n")
    return what, " ".join(how.split())


NUMBERS = "No One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split()


def answers_in_words(count: int) -> str:
    """How many answers, at the beginning of a sentence: `Six answers`."""
    return f"{NUMBERS[count] if count < len(NUMBERS) else count} answer{'s' if count > 1 else ''}"
