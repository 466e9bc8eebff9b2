"""Links of the page (`app/browser/link.js`) and of `app/takeaway/links.py`: each reads what the other writes."""

from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modules import Modules

from app.analysis.selection import (
    MOST_CORNERS,
    SEGMENT,
    Choice,
    Option,
    Scope,
    Slider,
    corners_of,
    read_selection,
)
from app.tabs import TABS
from app.tabs.views import OPTIONS
from app.takeaway.links import read_link, studio_link
from bridgenet.examples import EXAMPLES
from bridgenet.tasks import TASKS

FEW = settings(max_examples=40, deadline=None)


def values_of(option: Option) -> st.SearchStrategy[Any]:
    match option:
        case Choice():
            return st.sampled_from(sorted(option.values))
        case Slider():
            steps = round((option.high - option.low) / option.step)
            return st.integers(0, steps).map(lambda step: round(option.low + step * option.step, 6))
        case _:
            return st.text("aZ09_.:>/ -", min_size=1, max_size=12)


fraction = st.floats(0, 0.9999)
name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
fractions = st.integers(0, 1000).map(lambda parts: f"{parts / 1000:g}")
corners = st.tuples(fractions, fractions).map(",".join)
regions = st.none() | st.just("segment") | st.lists(corners, min_size=3, max_size=MOST_CORNERS).map(";".join)
chosen_options = st.lists(st.sampled_from(OPTIONS), unique_by=lambda option: option.name, max_size=4).flatmap(
    lambda options: st.fixed_dictionaries({option.name: values_of(option) for option in options})
)
states = st.fixed_dictionaries(
    {
        "at": st.fixed_dictionaries({"x": fraction, "y": fraction}),
        "task": st.sampled_from([None, *TASKS]),
        "scale": st.none() | st.integers(0, 5),
        "head": st.integers(-1, 9),
        "scope": st.sampled_from(get_args(Scope)),
        "tab": st.sampled_from(list(TABS)),
        "depth": st.sampled_from(["simple", "expert"]),
        "cut": st.sampled_from([None, *TASKS]),
        "region": regions,
        "options": chosen_options,
        "example": st.none() | st.sampled_from(list(EXAMPLES)) | name,
        "checkpoint": st.none() | name,
    }
)


def read_by_the_page(modules: Modules, search: str) -> dict[str, Any]:
    return modules.run("return imported.readLink(given.search, given.tabs);", {"search": search, "tabs": list(TABS)})


def written_by_the_page(modules: Modules, state: dict[str, Any]) -> str:
    return modules.run("return imported.writeLink(given, given);", state)


@FEW
@given(state=states)
def test_python_reads_what_the_page_writes(modules: Modules, state: dict[str, Any]) -> None:
    link = dict(parse_qsl(written_by_the_page(modules, state).removeprefix("?")))
    assert link.get("ex") == state["example"] and link.get("checkpoint") == state["checkpoint"]
    assert link.get("photo") == (None if state["example"] else "own")
    read = read_link(link)
    assert {"x": read["x"], "y": read["y"]} == pytest.approx(state["at"], abs=5.1e-5)
    assert (read.get("task"), read.get("cut"), read.get("scale")) == (state["task"], state["cut"], state["scale"])
    assert read.get("region") == state["region"]
    assert (read.get("head", -1), read.get("scope", "tab")) == (state["head"], state["scope"])
    assert (read["tab"], read["options"]) == (state["tab"], state["options"])


@FEW
@given(state=states)
def test_the_page_reads_what_it_has_written(modules: Modules, state: dict[str, Any]) -> None:
    read = read_by_the_page(modules, written_by_the_page(modules, state))
    at = pytest.approx(state["at"], abs=5.1e-5)
    texts = {name: value if isinstance(value, str) else f"{value:g}" for name, value in state["options"].items()}
    assert read == state | {"at": at, "options": texts}


@FEW
@given(state=states.filter(lambda state: state["example"] in EXAMPLES))
def test_the_page_reads_what_python_writes(modules: Modules, state: dict[str, Any]) -> None:
    fixed = {option.name: option for option in OPTIONS if isinstance(option, Choice | Slider)}
    options = {name: value for name, value in state["options"].items() if name in fixed}
    place = (state["at"]["x"], state["at"]["y"])
    head = state["head"] if state["head"] >= 0 else None
    parts = {name: state[name] for name in ("task", "cut", "scale", "checkpoint")}
    region = corners_of(state["region"]) if state["region"] not in (None, SEGMENT) else state["region"]
    link = studio_link(state["example"], state["tab"], place=place, head=head, region=region, **parts, **options)
    read = read_by_the_page(modules, f"?{urlsplit(link).query}")
    assert {name: read[name] for name in ("example", "tab", "head", *parts)} == {
        name: state[name] for name in ("example", "tab", "head", *parts)
    }
    assert (read["at"]["x"], read["at"]["y"]) == (round(place[0], 4), round(place[1], 4))
    assert read["region"] == region if region in (None, SEGMENT) else corners_of(read["region"]) == region
    assert {name: fixed[name].read(text) for name, text in read["options"].items()} == options


parts = st.sampled_from(
    [
        "px",
        "task",
        "cut",
        "region",
        "scale",
        "head",
        "scope",
        "tab",
        "ex",
        "tpp.direction",
        "refinement.alpha",
        "no.such",
    ]
)
numbers = st.sampled_from(
    ["0", "1", "-1", "00", "1.0", "-0.0", "1e3", " 1", "+1", "1\n", "²", "9" * 30, "0.5,0.5", "1,1", "0.5,2", "nan"]
)
outlines = st.lists(
    st.sampled_from(["0,0", "1,0.5", "1.0,.5", "0.1234,0", "0.25,1.000", "1.5,0", "²,0"]), min_size=2, max_size=5
)
texts = (
    numbers
    | outlines.map(";".join)
    | st.just(";".join(["0,1"] * (MOST_CORNERS + 1)))
    | st.sampled_from(["map", "depth", "tpp", "incoming", ""])
    | st.text("0159.,-+e ", max_size=12)
    | name
)


@FEW
@given(pairs=st.lists(st.tuples(parts, texts), max_size=6))
def test_both_understand_the_same_of_whatever_somebody_has_written(modules: Modules, pairs: list) -> None:
    # Of a repeated name the first counts, as `app.page` hands a link over.
    link = dict(reversed(pairs))
    page = read_by_the_page(modules, f"?{urlencode(pairs)}")
    python = read_link(link)
    tasks, options = tuple(TASKS), page.pop("options")
    assert {name: text for name, text in options.items() if name in python["options"]} == {
        name: link[name] for name in python["options"] if link[name]
    }
    same = {"tasks": tasks, "scales": 3, "heads": 2}
    mine = read_selection({**page, **page["at"]}, **same)
    its = read_selection(python, **same)
    assert (mine.x, mine.y) == (pytest.approx(its.x, abs=2e-6), pytest.approx(its.y, abs=2e-6))
    tab = its.tab if its.tab in TABS else "overview"
    assert (mine.region, mine.task, mine.cut, mine.scale, mine.head, mine.scope, mine.tab) == (
        its.region,
        its.task,
        its.cut,
        its.scale,
        its.head,
        its.scope,
        tab,
    )
    assert page["example"] == (link.get("ex") or None)
