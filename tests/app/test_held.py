from app.view.held import leave_out_held

PICTURE = "data:image/png;base64," + "A" * 3000


def view(**changes: object) -> dict:
    entry = {"id": "depth", "title": "Depth", "src": PICTURE, "values": {"src": PICTURE, "unit": "m"}} | changes
    return {"key": "k", "groups": [{"columns": 3, "maps": [entry]}, {"kind": "words", "paragraphs": []}]}


def first_map(value: dict) -> dict:
    return value["groups"][0]["maps"][0]


def test_a_picture_that_the_page_lacks_is_sent_with_its_name() -> None:
    sent = first_map(leave_out_held(view(), []))
    assert sent["src"] == PICTURE and len(sent["hash"]) == 18


def test_a_picture_that_the_page_holds_is_not_sent_again_but_its_words_are() -> None:
    name = first_map(leave_out_held(view(), []))["hash"]
    sent = first_map(leave_out_held(view(title="Depth, again"), [name]))
    assert sent == {"id": "depth", "title": "Depth, again", "hash": name}


def test_another_picture_or_other_numbers_are_sent() -> None:
    name = first_map(leave_out_held(view(), []))["hash"]
    assert "src" in first_map(leave_out_held(view(src=PICTURE + "B"), [name]))
    assert "src" in first_map(leave_out_held(view(values={"src": PICTURE, "unit": "cm"}), [name]))


def test_small_pictures_are_always_sent_and_the_view_itself_stays_whole() -> None:
    small = view(src="data:image/png;base64,AA", values=None)
    assert first_map(leave_out_held(small, [])) == first_map(small)
    whole = view()
    leave_out_held(whole, [first_map(leave_out_held(whole, []))["hash"]])
    assert first_map(whole)["src"] == PICTURE


def test_what_a_page_may_send_instead_of_names_counts_as_nothing() -> None:
    for held in (None, "x", 3, {"a": 1}, [1, 2]):
        assert first_map(leave_out_held(view(), held))["src"] == PICTURE
    assert leave_out_held({"same": True}, []) == {"same": True}
