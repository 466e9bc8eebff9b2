"""The film of the bridge's strength, read again by Pillow."""

import io
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import without
from PIL import Image

from app.analysis.results import Results
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session, StudioError
from app.takeaway.downloads import Downloads
from app.takeaway.sweep import STRENGTHS, sweep
from app.waiting.line import Line
from bridgenet.images import LoadedImage

TICKET = "0123456789abcdef" * 2


def silent(done: int, total: int, words: str) -> None:
    pass


@pytest.fixture(scope="module")
def film(analysis: Analysis) -> Image.Image:
    content = sweep(replace(analysis, results=Results()), Selection(), silent)
    assert len(content) < 3_000_000
    return Image.open(io.BytesIO(content))


def frame(film: Image.Image, index: int) -> np.ndarray:
    film.seek(index)
    return np.array(film.convert("RGB"))


def test_the_film_goes_from_nothing_to_twice_the_bridge_and_back(film: Image.Image) -> None:
    assert film.format == "GIF" and film.n_frames == 16 and film.info["loop"] == 0
    assert (STRENGTHS[0], STRENGTHS[4], STRENGTHS[8], len(STRENGTHS)) == (0, 1, 2, 9)
    frames = [frame(film, index) for index in range(16)]
    for index in range(1, 8):
        np.testing.assert_array_equal(frames[index], frames[16 - index])
        assert (frames[index] != frames[index - 1]).any()


def test_its_middle_is_what_the_network_says_in_the_colours_of_the_page(film: Image.Image, analysis: Analysis) -> None:
    seen = {tuple(colour) for colour in frame(film, 4).reshape(-1, 3).tolist()}
    answer = analysis.prediction["semseg"]
    for index in np.unique(answer.array)[:20]:
        colour = answer.colours[index].lstrip("#")
        assert tuple(bytes.fromhex(colour)) in seen


def test_a_network_without_a_bridge_has_no_film(tmp_path: Path, session: Session) -> None:
    bare = without(tmp_path, bfe=False, refinement="tfr")
    with pytest.raises(StudioError, match="no bridge"):
        sweep(bare, Selection(), silent)


def test_what_is_computed_for_a_download_tells_how_far_it_is_and_can_be_cancelled(
    session: Session, analysis: Analysis
) -> None:
    line = Line()
    downloads = Downloads(session, line)
    # Nobody has turned the strength of this photo.
    found = session.analyse(LoadedImage(analysis.prediction.image[::-1].copy(), ()), title="turned")
    assert line.ask(TICKET)["turn"] and downloads.how_far(TICKET) == {}
    taken: list[dict] = []
    event = {"what": "sweep", "key": found.key, "ticket": TICKET}
    thread = threading.Thread(target=lambda: taken.append(dict(downloads.take(event))))
    thread.start()
    until = time.monotonic() + 60
    while not (told := downloads.how_far(TICKET)) and time.monotonic() < until:
        time.sleep(0.001)
    line.leave(TICKET)
    thread.join(60)
    assert told["words"].startswith("Bridge strength") and told["progress"][1] > len(STRENGTHS)
    assert taken == [{"problem": "Cancelled."}] and downloads.how_far(TICKET) == {} and not line.busy
