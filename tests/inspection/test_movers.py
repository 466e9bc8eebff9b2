import numpy as np
import pytest
from toys import depth_reads_semseg, lively, traced

from bridgenet.inspection import cut_trace, difference_map
from bridgenet.inspection.movers import movers


def test_depth_that_reads_semseg_alone_is_moved_by_nobody_else() -> None:
    model = depth_reads_semseg()
    trace = traced(model)
    found = movers(model, trace, "depth")
    assert found.tasks == ("semseg", "normals")
    assert (found.index == 0).mean() > 0.5 and not (found.index == 1).any()


def test_an_answer_that_reads_nobody_is_grey_everywhere() -> None:
    model = depth_reads_semseg()
    assert (movers(model, traced(model), "normals").index == -1).all()


def test_the_change_is_that_of_the_cut_and_every_pass_is_told() -> None:
    model, told = lively(), []
    trace = traced(model)
    found = movers(model, trace, "depth", progress=lambda done, total: told.append((done, total)))
    cuts = [difference_map(trace, cut_trace(model, trace, source), "depth") for source in ("semseg", "normals")]
    np.testing.assert_array_equal(found.change, np.max(cuts, axis=0))
    assert (found.index >= -1).all() and (found.index < 2).all()
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_one_task_alone_is_moved_by_nobody() -> None:
    model = lively(tasks={"depth": 1})
    with pytest.raises(ValueError, match="no other task"):
        movers(model, traced(model), "depth")
