"""How views become pages of 16:9."""

import pytest

from app.takeaway.slides import HIGH, pages_of
from app.takeaway.whole import without_hands
from app.view.charts import ShareBar, Stations, Table, Words
from app.view.view import Group, Map, View


def maps(count: int, **more: object) -> Group:
    entries: list[Map] = [{"id": str(index), "title": "t", "alt": "a"} for index in range(count)]
    return {"maps": entries, **more}


def test_every_page_of_a_view_has_its_sentence_as_the_title() -> None:
    view: View = {"say": [{"text": "Depth moves most."}], "groups": [maps(4), maps(4)]}
    pages = pages_of("Bridge", view)
    assert [page.say for page in pages] == [view["say"], view["say"]]
    assert pages_of("Lone", {"groups": []})[0].say == [{"text": "Lone"}]


def test_pictures_have_a_page_of_their_own_and_words_go_with_them() -> None:
    words, stations = Words([[{"text": "w"}]]), Stations([])
    view: View = {"groups": [{"chart": stations}, maps(3), maps(3), {"chart": words}], "shares": ShareBar([])}
    assert [len(page.rows) for page in pages_of("v", view)] == [3, 2]


def test_what_stands_side_by_side_on_the_page_does_on_a_slide() -> None:
    table = Table([""], [])
    view: View = {"groups": [maps(1, span=7), {"chart": table, "span": 5}, maps(2)]}
    first, second = pages_of("v", view)
    assert [len(row.groups) for row in (*first.rows, *second.rows)] == [2, 1]


def test_what_is_only_for_experts_has_no_page_where_only_the_simple_is_asked_for() -> None:
    view: View = {"groups": [maps(1), maps(1, expert=True)]}
    assert [len(pages_of("v", view, expert=expert)) for expert in (True, False)] == [2, 1]


@pytest.mark.parametrize(
    ("count", "aspect", "columns"), [(1, 1.5, 1), (2, 1.5, 2), (4, 4.0, 2), (4, 0.5, 4), (6, 1.4, 3)]
)
def test_maps_stand_side_by_side_so_that_they_are_large(count: int, aspect: float, columns: int) -> None:
    (page,) = pages_of("v", {"groups": [maps(count)]})
    assert page.rows[0].layout(page.rows[0].groups[0], aspect).columns == columns


def test_two_pictures_of_a_card_lie_above_each_other_where_that_makes_them_larger() -> None:
    wiped = maps(1)
    wiped["maps"][0]["wipe"] = {"alt": "a", "label": "l", "left": "A", "right": "B"}
    row = pages_of("v", {"groups": [wiped]})[0].rows[0]
    assert row.layout(row.groups[0], 4.0).stacked and not row.layout(row.groups[0], 0.7).stacked


def test_a_chart_alone_is_enlarged_as_far_as_it_fits() -> None:
    small, tall = (Table([""], [[""]] * rows) for rows in (2, 40))
    sizes = [pages_of("v", {"groups": [{"chart": chart}]})[0] for chart in (small, tall)]
    assert sizes[0].zoom > 1.5 and sizes[1].zoom * sizes[1].rows[0].least <= HIGH


def test_sentences_about_the_mouse_stay_on_the_page() -> None:
    assert without_hands("Click a place. Attention shows what was looked at.") == "Attention shows what was looked at."
    assert without_hands("click a name") == ""
