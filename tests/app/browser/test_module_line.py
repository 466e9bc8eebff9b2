"""The page's place in the waiting line (`app/browser/line.js`), with Python's line at the other end."""

from modules import Modules

from app.waiting.line import Line, is_ticket

LINES = """
  const server = {
    ask_line: (ticket) => python("ask", ticket),
    leave_line: (ticket) => python("leave", ticket),
  };
  const newLine = () => {
    const said = [];
    return { said, ...imported.createLine(server, (words) => said.push(words), 1) };
  };
"""


def serve(modules: Modules, line: Line) -> Line:
    modules.functions = {"ask": line.ask, "leave": line.leave, "waiting": lambda: line.waiting}
    return line


def test_whoever_comes_second_is_told_so_and_begins_when_the_first_has_left(modules: Modules) -> None:
    serve(modules, Line())
    first, second, said = modules.run(
        LINES
        + """const [one, other] = [newLine(), newLine()];
        const ticket = one.join("show");
        const first = await one.turn("show", ticket);
        const waiting = other.turn("run", other.join("run"));
        while (!other.said.length) await new Promise((resolve) => setTimeout(resolve, 1));
        await server.leave_line(ticket);
        return [first, await waiting, [one.said, [...new Set(other.said)]]];"""
    )
    assert (first, second) == ("come", "come")
    assert said == [[], ["Waiting: 1 before you", ""]]


def test_who_asks_for_something_else_gives_up_the_former_place(modules: Modules) -> None:
    line = serve(modules, Line())
    outcomes = modules.run(
        LINES
        + """const [one, other] = [newLine(), newLine()];
        const ticket = one.join("show");
        await one.turn("show", ticket);
        const former = other.turn("show", other.join("show"));
        while (!other.said.length) await new Promise((resolve) => setTimeout(resolve, 1));
        const latter = other.turn("show", other.join("show"));
        const outcome = await former;
        const waiting = await python("waiting");
        other.leave("show");
        return [outcome, waiting, await latter, other.said.at(-1)];"""
    )
    assert outcomes == ["given up", 1, "given up", ""]
    assert line.waiting == 0


def test_a_full_line_and_a_studio_that_does_not_answer_are_told(modules: Modules) -> None:
    serve(modules, Line(most=0))
    full, gone, broken = modules.run(
        LINES
        + """const line = newLine();
        const full = await line.turn("show", line.join("show"));
        const asked = async (ask_line) => {
          const other = imported.createLine({ ...server, ask_line }, () => {}, 1);
          return other.turn("run", other.join("run"));
        };
        return [full, await asked(async () => null), await asked(async () => { throw new Error("offline"); })];"""
    )
    assert full["refused"] == "The analysis queue is full. Try again in about 1 s."
    assert gone == broken and gone["refused"].startswith("The studio does not answer.")


def test_a_ticket_is_one_that_the_studio_takes_and_nobody_has_twice(modules: Modules) -> None:
    tickets = modules.run("return [...Array(50)].map(() => imported.newTicket());")
    assert all(is_ticket(ticket) for ticket in tickets) and len(set(tickets)) == 50
