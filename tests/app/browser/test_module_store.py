"""The store of the page (`app/browser/store.js`) and its memory (`memory.js`)."""

from modules import Modules

PHOTO = {
    "src": "", "size": [4, 2], "key": "room", "title": "A room", "example": "room-0", "checkpoint": "tiny",
    "live": True,
    "offers": {"tabs": ["overview", "bridge"], "tasks": ["semseg", "depth"], "scales": 2, "heads": 3},
}  # fmt: skip


def test_every_part_of_the_page_hears_what_has_changed(modules: Modules) -> None:
    heard, touched = modules.run(
        """const { studio, heard } = visit();
        studio.point({ x: 0.1, y: 0.2 });
        const before = studio.touched;
        studio.pick({ x: 0.1, y: 0.2 });
        studio.option("task", "depth");
        studio.show("tpp");
        studio.show("tpp");
        studio.ask("cancel");
        return [heard, [before, studio.touched]];"""
    )
    assert heard == ["hover", "pick", "choice", "tab", "ask"]
    assert touched == [False, True]


def test_options_of_views_are_kept_beside_the_selection_of_the_page(modules: Modules) -> None:
    report = modules.run(
        """const { studio } = visit("?tab=bridge&tpp.direction=incoming");
        studio.option("scale", 1);
        studio.option("refinement.alpha", 0.5);
        return studio.selection();"""
    )
    assert (report["tab"], report["scale"]) == ("bridge", 1)
    assert report["options"] == {"tpp.direction": "incoming", "refinement.alpha": 0.5}


def test_a_place_stays_inside_the_photo_and_steps_name_the_middle_of_a_pixel(modules: Modules) -> None:
    places = modules.run(
        """const { studio } = visit();
        studio.see(given);
        const places = [];
        for (const place of [{ x: 7, y: -1 }, { x: NaN, y: 1 }]) { studio.pick(place); places.push(studio.pixel()); }
        studio.pick({ x: 0, y: 0 });
        studio.step(1, 1);
        places.push([studio.at.x, studio.at.y]);
        studio.step(-8, 8);
        places.push([studio.at.x, studio.at.y]);
        return places;""",
        PHOTO,
    )
    assert places == [[3, 0], [2, 1], [0.375, 0.75], [0.125, 0.75]]


def test_what_another_network_has_not_is_no_longer_selected(modules: Modules) -> None:
    chosen = modules.run(
        """const { studio } = visit("?tab=tpp&task=edge&scale=5&head=9");
        studio.see({ ...given, live: false });
        const before = [studio.tab, studio.task, studio.scale, studio.head];
        studio.see(given);
        return [before, [studio.tab, studio.task, studio.scale, studio.head]];""",
        PHOTO,
    )
    assert chosen == [["tpp", "edge", 5, 9], ["overview", "semseg", 1, -1]]


def test_a_choice_of_one_keeps_what_was_chosen_last_of_the_other(modules: Modules) -> None:
    wanted = modules.run(
        """const { studio } = visit("?ex=room-0");
        studio.settle();
        studio.see(given);
        const seen = [];
        const want = (choice) => { studio.want(choice); seen.push({ ...studio.wanted }); };
        want({ checkpoint: "large" });
        want({ example: "coffee" });
        want({ checkpoint: "tiny" });
        want({ path: "mine.jpg" });
        return seen;""",
        PHOTO,
    )
    assert [(one["key"], one["example"], one["checkpoint"]) for one in wanted] == [
        ("room", "room-0", "large"), (None, "coffee", "large"), (None, "coffee", "tiny"), (None, None, "tiny"),
    ]  # fmt: skip
    assert wanted[-1]["path"] == "mine.jpg" and not wanted[-1]["quiet"]


def test_what_is_pinned_is_what_was_chosen_last(modules: Modules) -> None:
    pins = modules.run(
        """const { studio } = visit("?ex=coffee");
        const pinned = studio.pin();
        studio.see(given);
        const early = { ...studio.pins };
        studio.settle();
        await pinned;
        await studio.pin();
        return [early, studio.pins];""",
        PHOTO,
    )
    room = {"key": "room", "title": "A room", "checkpoint": "tiny"}
    assert pins == [{}, {"A": room, "B": room}]


def test_back_restores_the_selection_and_asks_for_a_photo_only_if_another_is_shown(modules: Modules) -> None:
    here, there = modules.run(
        """const { studio, heard } = visit("?ex=room-0");
        studio.settle();
        studio.see(given);
        heard.length = 0;
        const entry = { ...opened("?tab=bridge&head=2"), key: "room", example: "room-0", checkpoint: "tiny" };
        studio.restore(entry);
        const here = [studio.tab, studio.head, studio.wanted, [...heard]];
        studio.restore({ ...entry, key: "another" });
        return [here, [studio.wanted.key, studio.wanted.quiet]];""",
        PHOTO,
    )
    assert here == ["bridge", 2, None, ["tab", "choice", "pick"]]
    assert there == ["another", True]


def test_the_address_follows_soon_and_back_leads_to_the_view_before(modules: Modules) -> None:
    written = modules.run(
        """const { studio, written } = visit();
        studio.pick({ x: 0.5, y: 0.5 });
        studio.show("tpp");
        return written;"""
    )
    assert written == ["soon", "finish", "now pushState"]


def test_an_opened_address_stays_as_it_was_written_until_something_is_changed(modules: Modules) -> None:
    kept, pushed, entry, back = modules.run(
        """history.replaceState(null, "", "/?ex=room-0&nonsense=1");
        const memory = imported.createMemory();
        const [asked, address] = [opened(location.search), location.origin + location.pathname];
        const studio = imported.createStudio(asked, memory, address, ["bridge"]);
        studio.see(given);
        studio.remember("replaceState");
        const kept = location.search;
        studio.pick({ x: 0.25, y: 0.75 });
        studio.show("bridge");
        const [pushed, entry] = [location.search, imported.rememberedEntry()];
        await new Promise((resolve) => {
          window.addEventListener("popstate", resolve, { once: true });
          history.back();
        });
        const back = [location.search, imported.rememberedEntry().tab];
        history.replaceState(null, "", "/");
        return [kept, pushed, entry, back];""",
        PHOTO,
    )
    assert kept == "?ex=room-0&nonsense=1"
    assert pushed == "?ex=room-0&checkpoint=tiny&tab=bridge&depth=expert&px=0.2500,0.7500&task=semseg&scale=1"
    assert entry["key"] == "room" and entry["at"] == {"x": 0.25, "y": 0.75}
    assert back == [
        "?ex=room-0&checkpoint=tiny&tab=overview&depth=expert&px=0.2500,0.7500&task=semseg&scale=1",
        "overview",
    ]
