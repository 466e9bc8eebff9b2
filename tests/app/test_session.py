import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from networks import photo, save_untrained
from PIL import Image

from app.analysis.memory import MOST_BYTES
from app.analysis.session import Analysis, Session, StudioError

pytestmark = pytest.mark.slow


def test_a_photo_is_computed_once(session: Session) -> None:
    assert session.analyse(photo(seed=1), title="one") is session.analyse(photo(seed=1), title="one")


def test_another_photo_has_another_key(session: Session) -> None:
    assert session.analyse(photo(seed=1), title="one").key != session.analyse(photo(seed=2), title="one").key


def test_the_oldest_analyses_are_released_and_made_again_bit_for_bit_when_they_are_asked_for(checkpoint: Path) -> None:
    session = Session(checkpoint, kept=3)
    truth = {"depth": np.linspace(0.5, 9, 90 * 120, dtype=np.float32).reshape(90, 120)}
    told: dict[str, Any] = {"title": "one", "example": "room-0", "truth": truth, "truth_classes": "made_rooms"}
    first, *others = (session.analyse(photo(seed=100 + seed), **told) for seed in range(4))
    assert session.find(first.key) is None
    assert all(session.find(other.key) is other for other in others)
    again = session.recall(first.key)
    assert again is not None and again is not first and again is session.recall(first.key)
    for part in ("key", "title", "example", "truth_classes", "depth_limits", "checkpoint", "tasks", "size"):
        assert getattr(again, part) == getattr(first, part), part
    assert again.prediction.notes == ("a note",) and np.array_equal(again.truth["depth"], truth["depth"])
    assert torch.equal(again.images(), first.images())
    for task in first.tasks:
        assert torch.equal(again.trace.logits[task], first.trace.logits[task])
        assert np.array_equal(again.prediction[task].array, first.prediction[task].array)


def test_a_large_photo_is_made_again_from_what_the_network_saw(checkpoint: Path) -> None:
    session = Session(checkpoint, kept=1)
    large = session.analyse(photo(1200, 1600, seed=5), title="large")
    session.analyse(photo(seed=6), title="other")
    again = session.recall(large.key)
    assert again is not None and again.size == (768, 1024)
    assert torch.equal(again.trace.logits["depth"], large.trace.logits["depth"])
    predictor = session.predictor()
    with torch.inference_mode():
        assert torch.equal(predictor.model(large.images()).logits["depth"], large.trace.logits["depth"])


def test_a_key_is_answered_by_its_own_network_whatever_was_chosen_meanwhile(tmp_path: Path) -> None:
    for name, tasks in {"one": {"depth": 1}, "two": {"depth": 1, "edge": 1}}.items():
        save_untrained(tmp_path / name, tasks=tasks)
    session = Session(tmp_path / "one", kept=1)
    two = session.analyse(photo(), title="mine", checkpoint="two")
    one = session.again(two, "one")
    assert one.tasks == ("depth",) and session.find(two.key) is None
    for before in (two, one, two):
        again = session.recall(before.key)
        assert again is not None and (again.key, again.checkpoint) == (before.key, before.checkpoint)
        assert torch.equal(again.trace.logits["depth"], before.trace.logits["depth"])
    other = session.recall(one.key, "two")
    assert other is not None and other.key == two.key
    assert session.recall(one.key, "three") is None


def test_many_who_ask_for_the_same_at_once_get_one_and_the_same(checkpoint: Path) -> None:
    session = Session(checkpoint, kept=2)
    keys = [session.analyse(photo(seed=200 + seed), title="shared").key for seed in range(4)]
    with ThreadPoolExecutor(12) as visitors:
        told = list(visitors.map(session.recall, keys[:2] * 6))
    assert len({id(analysis) for analysis in told}) == 2
    assert [analysis.key for analysis in told if analysis] == keys[:2] * 6


def test_photos_are_kept_within_a_bound_and_those_that_are_looked_at_stay(checkpoint: Path) -> None:
    session = Session(checkpoint, kept=1, photos=3)
    looked_at, left = (session.analyse(photo(seed=300 + seed), title="few").key for seed in range(2))
    for seed in range(2):
        session.analyse(photo(seed=310 + seed), title="few")
        assert session.recall(looked_at) is not None
    assert session.recall(left) is None


def test_analyses_of_two_visitors_are_found_by_their_own_keys_alone(session: Session) -> None:
    one, other = (session.analyse(photo(seed=seed), title="mine") for seed in (41, 42))
    assert session.find(one.key) is one and session.find(other.key) is other
    for forged in (None, 7, ["a"], "", one.key[:-1], one.key.upper(), f"../{one.key}"):
        assert session.find(forged) is None and session.recall(forged) is None


def test_what_an_analysis_remembers_is_bounded(session: Session) -> None:
    analysis = session.analyse(photo(seed=43), title="much")

    def view(analysis: Analysis, number: int) -> np.ndarray:
        return np.full(MOST_BYTES // 10, number, np.uint8)

    for number in range(30):
        assert (analysis.result(view, number) == number).all()
    assert list(analysis.results.all(view)) == [(number,) for number in range(20, 30)]


def test_a_function_is_asked_the_same_once_also_where_it_finds_nothing(session: Session) -> None:
    analysis, asked = session.analyse(photo(seed=44), title="once"), []

    def find(analysis: Analysis, task: str, most: int = 3) -> None:
        asked.append((task, most))

    for task in ("depth", "edge", "depth"):
        analysis.result(find, task)
        analysis.result(find, task, most=4)
    assert asked == [("depth", 3), ("depth", 4), ("edge", 3), ("edge", 4)]


def test_what_one_function_found_is_not_the_result_of_another(session: Session) -> None:
    analysis = session.analyse(photo(seed=45), title="apart")

    def low(analysis: Analysis, value: int) -> int:
        return -value

    def high(analysis: Analysis, value: int) -> int:
        return value

    assert (analysis.result(low, 2), analysis.result(high, 2)) == (-2, 2)
    assert analysis.results.get(low, 3) is None and analysis.results.keep(9, low, 3) == 9
    assert analysis.result(low, 3) == 9 and analysis.results.all(low) == {(2,): -2, (3,): 9}


def test_a_checkpoint_that_cannot_be_loaded_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(StudioError, match="could not be loaded"):
        Session(tmp_path).predictor()


@pytest.mark.slow
def test_the_page_is_built_without_torch(checkpoint: Path) -> None:
    code = (
        "import sys; from app.page import build_demo; from app.first_values import first_values; "
        "from app.analysis.session import Session; from pathlib import Path; "
        f"folder = Path({str(checkpoint)!r}); build_demo(Session(folder), first_values(folder)); "
        "print([name for name in ('torch', 'timm', 'matplotlib') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert result.stdout.strip().endswith("[]")


ASKED_TOO_EARLY = """
import sys, threading, time
from pathlib import Path
from app.endpoints import Endpoints
from app.handlers import Handlers
from app.uploads import Limits
from app.analysis.session import Session

class Held(Session):
    def _load(self, name):
        threading.Event().wait()

session = Held(Path(sys.argv[1]))
endpoints, handlers = Endpoints(session, Limits()), Handlers(session)
questions = [
    lambda: endpoints.predict({"path": sys.argv[2]}), lambda: endpoints.attention(id="one"),
    lambda: endpoints.bridge_share(id="one"), lambda: endpoints.interaction(id="one"),
    lambda: endpoints.attribute(id="one"), endpoints.info, lambda: handlers.open_page({"ex": "room-0"}),
    lambda: list(handlers.example({"id": "room-0"})), lambda: list(handlers.run({"tab": "tpp"}, None)),
    lambda: handlers.pick({"tab": "tpp"}), lambda: handlers.reveal({"lesson": "tpp"}),
]
for question in questions:
    threading.Thread(target=question, daemon=True).start()
time.sleep(1)
print("IMPORTED", [name for name in ("torch", "torchvision", "app.tabs.views") if name in sys.modules])
sys.stdout.flush()
import os; os._exit(0)
"""


@pytest.mark.slow
def test_while_a_network_is_loaded_no_question_imports_what_it_is_made_of(checkpoint: Path, tmp_path: Path) -> None:
    """Two threads that import torch's packages from different ends find them half made."""
    Image.fromarray(photo().pixels).save(tmp_path / "photo.png")
    command = [sys.executable, "-c", ASKED_TOO_EARLY, str(checkpoint), str(tmp_path / "photo.png")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout.strip().endswith("IMPORTED []"), said.stdout + said.stderr


def test_what_is_hung_into_a_copy_of_the_network_nobody_else_hears_and_its_weights_are_shared(
    analysis: Analysis,
) -> None:
    model, one, other = analysis.predictor.model, analysis.own_model(), analysis.own_model()
    heard: list[str] = []
    for name, module in one.named_modules():
        module.register_forward_hook(lambda *_, name=name: heard.append(name))
    with torch.inference_mode():
        model(analysis.images())
        other(analysis.images())
        assert heard == []
        answer = one(analysis.images())
    assert heard
    assert all(torch.equal(answer.logits[task], analysis.trace.logits[task]) for task in analysis.tasks)
    assert [id(weights) for weights in one.parameters()] == [id(weights) for weights in model.parameters()]
