import pytest

from app.waiting.line import CALLED, FORGOTTEN, PATIENCE, STUCK, Line


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def ticket(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Line:
    return Line(most=4, clock=clock)


def test_the_first_does_not_wait_and_the_others_know_how_many_are_before_them(line: Line) -> None:
    assert line.ask(ticket(0))["turn"]
    assert [line.ask(ticket(number))["before"] for number in (1, 2, 3)] == [1, 2, 3]


def test_they_are_served_in_the_order_in_which_they_came(line: Line) -> None:
    line.ask(ticket(0))
    for number in (1, 2):
        line.ask(ticket(number))
    with line.turn(ticket(0)):
        assert not line.ask(ticket(1))["turn"]
    assert not line.ask(ticket(2))["turn"]
    assert line.ask(ticket(1))["turn"]
    assert line.ask(ticket(2))["before"] == 1


def test_a_turn_that_ends_in_an_error_ends(line: Line) -> None:
    line.ask(ticket(0))
    with pytest.raises(ZeroDivisionError), line.turn(ticket(0)):
        raise ZeroDivisionError
    assert line.ask(ticket(1))["turn"]


def test_a_full_line_says_how_long_to_wait_and_keeps_those_who_are_in_it(line: Line, clock: Clock) -> None:
    line.ask(ticket(0))
    with line.turn(ticket(0)):
        clock.now += 5
    line.ask(ticket(0))
    for number in range(1, 5):
        assert not line.ask(ticket(number))["full"]
    answer = line.ask(ticket(5))
    assert answer["full"] and not answer["turn"]
    assert answer["seconds"] == 20
    assert not line.ask(ticket(4))["full"]
    line.leave(ticket(2))
    assert not line.ask(ticket(5))["full"]


def test_who_does_not_ask_again_is_passed_over_but_keeps_the_place(line: Line, clock: Clock) -> None:
    line.ask(ticket(0))
    line.ask(ticket(1))
    clock.now += PATIENCE + 1
    assert line.ask(ticket(2))["before"] == 1
    assert line.ask(ticket(1))["before"] == 1
    assert line.ask(ticket(2))["before"] == 2


def test_tickets_of_visitors_who_left_expire(line: Line, clock: Clock) -> None:
    line.ask(ticket(0))
    for number in (1, 2):
        line.ask(ticket(number))
    clock.now += FORGOTTEN + 1
    assert line.waiting == 0
    assert line.ask(ticket(3))["turn"]


def test_who_was_called_and_does_not_come_holds_nobody_up(line: Line, clock: Clock) -> None:
    line.ask(ticket(0))
    line.ask(ticket(1))
    clock.now += CALLED + 1
    assert line.ask(ticket(1))["turn"]


def test_long_work_that_shows_signs_of_life_keeps_its_turn(line: Line, clock: Clock) -> None:
    with line.turn(ticket(0)) as alive:
        for _ in range(3):
            clock.now += STUCK - 1
            alive()
        assert not line.ask(ticket(1))["turn"]
        clock.now += STUCK + 1
        assert line.ask(ticket(1))["turn"]


@pytest.mark.parametrize("forged", [None, 7, "", "x" * 32, "1" * 31, ["a"], "../../etc"])
def test_what_is_no_ticket_takes_no_place(line: Line, forged: object) -> None:
    assert line.ask(forged)["turn"]
    line.leave(str(forged))
    with line.turn(forged):
        assert line.ask(ticket(1))["turn"]


def test_who_leaves_while_being_served_is_told_so_and_holds_the_line_until_the_work_has_ended(line: Line) -> None:
    with line.turn(ticket(0)) as waits:
        assert waits()
        line.leave(ticket(0))
        assert not waits()
        assert line.ask(ticket(1))["before"] == 1
    assert line.ask(ticket(1))["turn"]
