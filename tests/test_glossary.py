"""The glossary has what the texts of studio and notebooks need, and nothing else."""

import json
import re
from pathlib import Path

import pytest

from bridgenet.glossary import GLOSSARY, terms

ROOT = Path(__file__).parents[1]


def test_every_term_stands_in_a_text_of_the_studio_or_a_notebook() -> None:
    texts = [path.read_text() for path in (*ROOT.glob("app/tabs/**/*.md"), *ROOT.glob("app/**/*.py"))]
    cells = [cell for path in ROOT.glob("notebooks/*.ipynb") for cell in json.loads(path.read_text())["cells"]]
    everything = "\n".join([*texts, *("".join(cell["source"]) for cell in cells)])
    for term in GLOSSARY:
        assert re.search(rf"(?<![\w-]){re.escape(term)}s?(?![\w-])", everything, re.IGNORECASE), term


def test_a_sentence_does_not_explain_a_term_by_itself_and_is_short_enough_to_be_read_in_passing() -> None:
    for term, said in GLOSSARY.items():
        assert said.endswith(".") and len(said) <= 125, term
        assert not re.search(rf"\b{re.escape(term)}\b", said) or ":" in said, term


def test_a_notebook_lists_the_terms_it_asks_for() -> None:
    said = terms("token", "bridge feature")
    assert list(said) == ["token", "bridge feature"]
    assert said._repr_html_().count("<dt>") == 2 and GLOSSARY["token"] in said._repr_html_()
    with pytest.raises(KeyError, match="no quark"):
        terms("quark")
