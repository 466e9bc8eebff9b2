"""Sentences of the page that do not depend on the photo. They live in `text/`, one file per view."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("text")


def percent(share: float) -> str:
    """A share of 1 in words."""
    return f"{100 * share:.0f} %"


@cache
def wording(name: str) -> tuple[str, str]:
    """What the view shows, in one sentence, and how to use it: the two paragraphs of `text/<name>.md`."""
    what, how = (FOLDER / f"{name}.md").read_text(encoding="utf-8").strip().split("\n\n")
    return what, " ".join(how.split())


NUMBERS = "No One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split()


def answers_in_words(count: int) -> str:
    """How many answers, at the beginning of a sentence: `Six answers`."""
    return f"{NUMBERS[count] if count < len(NUMBERS) else count} answer{'s' if count > 1 else ''}"
