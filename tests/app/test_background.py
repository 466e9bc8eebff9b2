import threading
import time

import pytest

from app.waiting.background import EVERY, CancelledError, Step, steps_of


def test_steps_are_told_in_order_and_the_work_is_done_at_the_end() -> None:
    done: list[str] = []

    def work(report) -> None:  # noqa: ANN001
        report(1, 2, "half")
        time.sleep(2 * EVERY)
        report(2, 2, "whole")
        time.sleep(2 * EVERY)
        done.append("yes")

    assert list(steps_of(work)) == [Step(1, 2, "half"), Step(2, 2, "whole")]
    assert done == ["yes"]


def test_of_steps_that_come_at_once_the_newest_is_told() -> None:
    seen = threading.Event()

    def work(report) -> None:  # noqa: ANN001
        for index in range(5):
            report(index, 5, "")
        seen.wait(20)

    steps = steps_of(work)
    assert [next(steps).done, next(steps).done] == [0, 4]
    seen.set()
    assert [*steps] == []


def test_an_error_of_the_work_reaches_who_waits_for_it() -> None:
    def work(report) -> None:  # noqa: ANN001
        report(1, 2, "half")
        raise ValueError("no more")

    steps = steps_of(work)
    next(steps)
    with pytest.raises(ValueError, match="no more"):
        next(steps)


def test_work_that_nobody_waits_for_hears_of_it_at_its_next_step() -> None:
    heard = threading.Event()

    def work(report) -> None:  # noqa: ANN001
        try:
            for index in range(1000):
                report(index, 1000, "")
                time.sleep(0.01)
        except CancelledError:
            heard.set()
            raise

    steps = steps_of(work)
    next(steps)
    steps.close()
    assert heard.is_set()
    assert not any(thread.name == "long-work" for thread in threading.enumerate())
