from dataclasses import dataclass

import numpy as np
import torch

from app.analysis.memory import Memory, bytes_of


@dataclass(frozen=True, slots=True)
class Result:
    array: np.ndarray
    more: dict[str, torch.Tensor]


def result(length: int) -> Result:
    return Result(np.zeros(length, np.uint8), {"a": torch.zeros(length, dtype=torch.uint8)})


def test_everything_inside_of_a_result_is_counted_once() -> None:
    shared = np.zeros(10, np.float32)
    assert bytes_of([shared, shared, (result(5), {"text": "abc"}), None, 7]) == 40 + 10 + 3


def test_what_was_not_used_for_longest_goes_first() -> None:
    memory = Memory(most_bytes=50)
    memory["a"], memory["b"] = result(10), result(10)
    assert memory["a"] is not None
    memory["c"] = result(10)
    assert set(memory) == {"a", "c"}


def test_the_newest_result_is_kept_however_large() -> None:
    memory = Memory(most_bytes=50)
    memory["small"] = result(10)
    memory["large"] = result(1000)
    assert set(memory) == {"large"}


def test_small_results_are_bounded_by_their_number() -> None:
    memory = Memory(most=3)
    for number in range(10):
        memory[str(number)] = number
    assert list(memory) == ["7", "8", "9"]


def test_a_result_that_is_replaced_counts_once() -> None:
    memory = Memory(most_bytes=50)
    memory["other"] = result(5)
    for _ in range(3):
        memory["a"] = result(10)
    assert set(memory) == {"other", "a"}
    del memory["a"]
    memory["b"] = result(20)
    assert set(memory) == {"other", "b"}
