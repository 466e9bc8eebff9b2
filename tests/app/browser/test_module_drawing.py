"""How a view comes to be whole (`app/browser/drawing.js`)."""

from modules import Modules

VIEW = """
  // A view of a photo, what it asks of Python, and what is shown of it.
  const draw = () => {
    const { studio } = visit();
    studio.photo = { ...studio.photo, key: "room" };
    const [asked, shown] = [[], { state: "empty", filled: [] }];
    studio.subscribe((kind) => kind === "ask" && asked.push(studio.asked.event));
    const drawing = imported.createDrawing("tpp", studio, {
      fill: (value) => shown.filled.push(value.key),
      hide: (hidden) => Object.assign(shown, { hidden }),
      pend: (pending) => Object.assign(shown, pending),
      mark: (state) => Object.assign(shown, { state }),
    });
    return { studio, asked, shown, drawing };
  };
  const whole = (key, more = {}) => ({ key, of: "room", groups: [{ id: "a", maps: [] }], ...more });
  const half = (key, more = {}) => whole(`${key}|pending`, { pending: "Patterns are to be computed.", ...more });
  const progress = { progress: [2, 6], words: "Pattern 2", of: "room" };
"""


def test_a_view_that_needs_nothing_more_is_ready(modules: Modules) -> None:
    shown, asked, drawn = modules.run(
        VIEW
        + """const { studio, asked, shown, drawing } = draw();
        drawing.take(null);
        const before = shown.state;
        drawing.take(whole("one"));
        return [[before, shown.state, shown.filled, shown.words], asked, studio.drawn.tpp];"""
    )
    assert shown == ["empty", "ready", ["one"], ""]
    assert asked == [] and drawn == "one"


def test_what_is_pending_is_asked_for_once_and_says_how_far_it_is(modules: Modules) -> None:
    steps = modules.run(
        VIEW
        + """const { asked, shown, drawing } = draw();
        const steps = [];
        for (const value of [half("one"), half("one"), progress, whole("one")]) {
          drawing.take(value);
          steps.push([shown.state, shown.words, shown.progress, shown.busy, [...asked]]);
        }
        return steps;"""
    )
    assert steps == [
        ["pending", "Patterns are to be computed.", None, False, ["run"]],
        ["pending", "Patterns are to be computed.", None, True, ["run"]],
        ["pending", "Pattern 2", [2, 6], True, ["run"]],
        ["ready", "", None, False, ["run"]],
    ]


def test_what_was_cancelled_is_not_asked_for_again_until_the_visitor_wants_it(modules: Modules) -> None:
    cancelled, again = modules.run(
        VIEW
        + """const { asked, shown, drawing } = draw();
        drawing.take(half("one"));
        drawing.press();
        drawing.take(progress);
        const words = shown.words;
        drawing.take(half("one"));
        const cancelled = [words, shown.busy, [...asked]];
        drawing.press();
        return [cancelled, [...asked]];"""
    )
    assert cancelled == ["Cancelled.", False, ["run", "cancel"]]
    assert again == ["run", "cancel", "run"]


def test_a_place_that_needs_no_answer_ends_what_was_computed_for_another(modules: Modules) -> None:
    needless, another = modules.run(
        VIEW
        + """const one = draw();
        for (const value of [half("one"), whole("two")]) one.drawing.take(value);
        const other = draw();
        for (const value of [half("one"), half("two")]) other.drawing.take(value);
        return [one.asked, other.asked];"""
    )
    assert needless == ["run", "cancel"]
    assert another == ["run", "cancel", "run"]


def test_what_comes_too_late_is_not_shown(modules: Modules) -> None:
    filled = modules.run(
        VIEW
        + """const { studio, shown, drawing } = draw();
        studio.underWay = "mine";
        drawing.take(whole("of another photo", { of: "garage" }));
        drawing.take(whole("for another choice", { ticket: "earlier" }));
        drawing.take(whole("mine", { ticket: "mine" }));
        return shown.filled;"""
    )
    assert filled == ["mine"]


def test_a_problem_is_told_and_not_asked_for_again(modules: Modules) -> None:
    shown, asked = modules.run(
        VIEW
        + """const { asked, shown, drawing } = draw();
        drawing.take(half("one"));
        drawing.take({ problem: "Not enough memory." });
        const words = [shown.state, shown.words, shown.busy];
        drawing.take(half("one"));
        return [words, asked];"""
    )
    assert shown == ["pending", "Not enough memory.", False]
    assert asked == ["run"]


def test_waiting_for_an_answer_ends_as_it_began_and_an_absent_view_does_not_wait(modules: Modules) -> None:
    states = modules.run(
        VIEW
        + """const { shown, drawing } = draw();
        const states = [];
        const after = (act) => { act(); states.push(shown.state); };
        after(() => drawing.wait(true));
        after(() => drawing.wait(false));
        drawing.take(whole("one"));
        after(() => drawing.wait(true));
        after(() => drawing.take({ same: true, key: "one", of: "room" }));
        after(() => drawing.take({ absent: true, key: "gone" }));
        after(() => drawing.wait(true));
        states.push(shown.hidden);
        return states;"""
    )
    assert states == ["waiting", "pending", "waiting", "ready", "absent", "absent", True]


def test_another_photo_is_asked_about_anew_and_a_tool_asks_by_hand(modules: Modules) -> None:
    asked, words = modules.run(
        VIEW
        + """const { asked, shown, drawing } = draw();
        drawing.take(half("one"));
        drawing.press();
        drawing.forget();
        drawing.take(half("one"));
        drawing.take(whole("one"));
        drawing.begin();
        return [asked, [shown.words, shown.busy]];"""
    )
    assert asked == ["run", "cancel", "run"]
    assert words == ["Asking the network", True]


def test_whatever_happens_one_thing_is_computed_at_a_time_and_ready_means_whole(modules: Modules) -> None:
    wrong = modules.run(
        VIEW
        + """const { asked, shown, drawing } = draw();
        let seed = 1;
        const any = (...choices) => choices[(seed = (seed * 48271) % 2147483647) % choices.length];
        const key = () => any("one", "two", "three");
        const acts = [
          () => drawing.take(half(key())), () => drawing.take(whole(key())), () => drawing.take(progress),
          () => drawing.take({ problem: "No." }), () => drawing.press(), () => drawing.forget(),
          () => drawing.wait(true), () => drawing.wait(false),
        ];
        const wrong = [];
        let running = false;
        for (let turn = 0; turn < 3000; turn++) {
          const act = any(...acts);
          asked.length = 0;
          act();
          // A whole view, a problem and another photo end what was computed.
          if ([acts[1], acts[3], acts[5]].includes(act)) running = false;
          for (const event of asked) {
            if (event === "run" && running) wrong.push([turn, "two at once"]);
            running = event === "run";
          }
          if (shown.state === "ready" && shown.words) wrong.push([turn, "ready, and not whole"]);
        }
        return wrong;"""
    )
    assert wrong == []
