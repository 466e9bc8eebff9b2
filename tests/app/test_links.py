from urllib.parse import parse_qs, urlsplit

import pytest

from app.links import ADDRESS, studio_link
from app.selection import Setting


def test_a_link_names_everything_that_is_selected() -> None:
    link = studio_link("motorcycle", "tpp", place=(0.4, 0.625), task="depth", scale=2, head=1, checkpoint="nyud-lite0")
    assert link.startswith(ADDRESS)
    assert parse_qs(urlsplit(link).query) == {
        "ex": ["motorcycle"],
        "tab": ["tpp"],
        "px": ["0.4000,0.6250"],
        "task": ["depth"],
        "scale": ["2"],
        "head": ["1"],
        "checkpoint": ["nyud-lite0"],
    }


def test_what_is_not_selected_is_not_in_the_link() -> None:
    assert studio_link("coffee", "bridge") == f"{ADDRESS}?ex=coffee&tab=bridge"
    assert studio_link("coffee", "bridge", address="http://127.0.0.1:7861/").startswith("http://127.0.0.1:7861/?ex=")


@pytest.mark.parametrize(
    ("example", "tab", "options", "told"),
    [
        ("kitchen", "bridge", {}, "no example 'kitchen'. Known: motorcycle"),
        ("coffee", "attention", {}, "no tab 'attention'. Known: overview"),
        ("coffee", "tpp", {"tpp.way": "incoming"}, "no option 'tpp.way'"),
        (
            "coffee",
            "tpp",
            {"tpp.direction": "sideways"},
            "'sideways'. Known: outgoing, incoming",
        ),
        ("coffee", "refinement", {"refinement.alpha": 3.0}, "goes from 0 to 2"),
    ],
)
def test_a_link_to_what_is_not_there_is_refused(example: str, tab: str, options: dict[str, Setting], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        studio_link(example, tab, **options)


def test_a_place_lies_inside_the_photo() -> None:
    with pytest.raises(ValueError, match="two fractions"):
        studio_link("coffee", "bridge", place=(0.5, 1.0))
