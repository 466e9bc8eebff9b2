from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from app.analysis.selection import Setting
from app.takeaway.links import ADDRESS, not_understood, read_link, studio_link


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


def test_a_link_that_the_studio_makes_is_read_as_it_was_meant() -> None:
    options: dict[str, Setting] = {"refinement.alpha": 1.5, "attribution.component": "3", "tpp.direction": "incoming"}
    link = studio_link("motorcycle", "tpp", place=(0.4, 0.625), task="depth", scale=2, head=1, **options)
    query = dict(parse_qsl(urlsplit(link).query))
    assert read_link(query) == {
        "x": 0.4, "y": 0.625, "task": "depth", "tab": "tpp", "scale": 2, "head": 1, "options": options,
    }  # fmt: skip
    assert not_understood(query, (), ("tpp",), ("depth",), scales=3, heads=2) == []


NO_NUMBERS = ("²", "--5", "9" * 5000, "nan", "inf", "1e3", "1_0", "٣", "0x1", " 1", "1\n", "+1", "", "1.5")


@pytest.mark.parametrize("name", ["scale", "head", "px", "refinement.alpha"])
def test_what_is_no_plain_number_is_left_out_and_told(name: str) -> None:
    for text in NO_NUMBERS:
        if name == "refinement.alpha" and text == "1.5":
            continue
        link = {name: f"{text},0.5" if name == "px" else text}
        assert read_link(link) == {"options": {}}, text
        told = not_understood(link, (), (), (), scales=3, heads=2)
        assert len(told) == (link[name] != ""), text
        assert all(part.startswith(f"{name}=") and len(part) < 40 for part in told)


def test_names_and_values_that_nobody_has_are_told_and_those_of_others_are_not() -> None:
    link = {
        "ex": "../etc", "checkpoint": "gone", "tab": "nowhere", "task": "flow", "scope": "room", "photo": "yours",
        "scale": "3", "head": "2", "px": "620,400", "tpp.direction": "up", "no.such": "1", "__proto__.x": "1",
        "bridge.region": "<b>", "refinement.alpha": "7", "nonsense": "1", "__theme": "dark", "view": "api", "task2": "",
    }  # fmt: skip
    told = not_understood(link, ("here",), ("overview",), ("depth",), scales=3, heads=2)
    assert [part.partition("=")[0] for part in told] == [*list(link)[:15]]
