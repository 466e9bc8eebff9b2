"""What is computed while nobody asks, and how it stands back for those who do."""

import threading

import pytest

from app.analysis.session import Session
from app.handlers import Handlers
from app.tabs import views
from app.tabs.interaction import cuts
from app.tabs.refinement.strengths import is_computed
from app.waiting.ahead import Ahead
from app.waiting.background import Report

SOON = 20.0
"""Seconds: other work may keep the machine busy."""


class Steps:
    """Work that tells of each of its steps and waits, before it goes on, until it may."""

    def __init__(self) -> None:
        self.done = threading.Semaphore(0)
        self.may = threading.Semaphore(0)

    def __call__(self, report: Report) -> None:
        for number in range(2):
            self.done.release()
            self.may.acquire()
            report(number, 2, "")
        self.done.release()


def test_it_stands_still_from_the_next_step_on_while_somebody_is_served() -> None:
    served = threading.Event()
    ahead, steps = Ahead(served.is_set, quiet=0.0), Steps()
    ahead.begin(steps)
    assert steps.done.acquire(timeout=SOON)
    served.set()
    steps.may.release(2)
    assert not steps.done.acquire(timeout=0.3)
    served.clear()
    assert steps.done.acquire(timeout=SOON) and steps.done.acquire(timeout=SOON)
    assert ahead.wait(SOON)


def test_a_question_is_given_time_for_the_next_one() -> None:
    ahead, steps = Ahead(lambda: False, quiet=0.4), Steps()
    ahead.begin(steps)
    assert not steps.done.acquire(timeout=0.1)
    ahead.heard()
    assert not steps.done.acquire(timeout=0.3)
    assert steps.done.acquire(timeout=SOON)


def test_what_nobody_looks_at_any_more_is_given_up_for_what_is_shown_now() -> None:
    ahead, former, latter = Ahead(lambda: False, quiet=0.0), Steps(), Steps()
    ahead.begin(former)
    assert former.done.acquire(timeout=SOON)
    ahead.begin(latter)
    former.may.release(2)
    latter.may.release(2)
    assert ahead.wait(SOON)
    assert not former.done.acquire(blocking=False)
    assert all(latter.done.acquire(blocking=False) for _ in range(3))


def test_a_fault_is_told_to_the_log_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    ahead, steps = Ahead(lambda: False, quiet=0.0), Steps()

    def wrong(report: Report) -> None:
        raise RuntimeError("no such thing")

    ahead.begin(wrong)
    assert ahead.wait(SOON) and "no such thing" in caplog.text
    ahead.begin(steps)
    steps.may.release(2)
    assert ahead.wait(SOON)


def test_views_that_are_slow_to_open_are_there_before_and_as_they_would_be(session: Session) -> None:
    handlers = Handlers(session, ahead=True)
    answer = handlers.open_page({"ex": "room-1"})
    analysis = session.find(answer["key"])
    assert analysis is not None and handlers.ahead is not None
    assert handlers.ahead.wait(60)
    assert is_computed(analysis)
    for name in ("refinement", "interaction", "attribution"):
        shown = handlers.pick({"key": analysis.key, "tab": name})[name]
        assert "pending" not in shown and not shown["key"].endswith("|pending")
    selection = views.selection_of(analysis, {"tab": "interaction"})
    settings = cuts.settings_of(analysis, selection)
    computed, anew = cuts.cuts_of(analysis, settings), cuts.cut_photo(analysis, settings, lambda *told: None)
    assert computed is not None and (computed.matrix.effect == anew.matrix.effect).all()


def test_who_opens_a_view_waits_for_its_work_alone_and_the_others_are_computed_afterwards(session: Session) -> None:
    handlers = Handlers(session, ahead=True)
    key = handlers.open_page({"ex": "room-2"})["key"]
    *_, last = handlers.run({"tab": "refinement", "key": key}, key)
    assert "pending" not in last["refinement"]
    assert handlers.ahead is not None and not handlers.ahead.wait(0)
    assert "pending" in handlers.pick({"key": key, "tab": "interaction"})["interaction"]
    assert handlers.ahead.wait(60)
    assert "pending" not in handlers.pick({"key": key, "tab": "interaction"})["interaction"]
