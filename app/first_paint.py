"""Makes the first picture, which the page shows before the network is loaded.

`python -m app.first_paint` analyses the first example with a checkpoint and writes `first_paint.json`, so that a
visitor sees the studio at work while torch is still being imported.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from app.first_values import FILE

LARGEST = 250_000
"""Bytes that the file may have."""

FIRST = ("overview", "tpp", "bridge")
"""Views that are drawn before the network is loaded."""

SIZES = (280, 260, 240, 220, 200, 160)
"""Longest side of its pictures: the first that fits is taken."""


def make(checkpoint: Path) -> str:
    """Analyse the first example and keep, as JSON, what every component would show."""
    from app.analysis.session import Session
    from app.chip import checkpoint_chip
    from app.handlers import first_example
    from app.page import example_strip
    from app.tabs import views
    from app.tabs.overview.page import overview
    from app.uploads import MEGABYTES
    from app.view.encoding import photo_uri
    from app.view.wire import to_json
    from bridgenet.examples import EXAMPLES
    from bridgenet.images import LoadedImage

    session = Session(checkpoint)
    name = first_example(session.predictor().config.data.name)
    pictures = {name: example.load() for name, example in EXAMPLES.items()}
    chosen = pictures[name]
    analysis = session.analyse(
        LoadedImage(chosen.pixels, ()), title=EXAMPLES[name].title, truth=chosen.truth, truth_classes=chosen.source
    )
    has = views.capabilities(analysis)
    thumbs = {name: photo_uri(picture.pixels, 120, 75) for name, picture in pictures.items()}
    values = {
        "head": checkpoint_chip(session),
        "rail": {"examples": example_strip(thumbs), "chosen": name, "limit": MEGABYTES}
        | {part: has[part] for part in ("tasks", "heads", "cuttable")},
        "way": {part: has[part] for part in ("tabs", "figure")},
    }
    selection = views.selection_of(analysis, {})
    shown = {view: views.view_of(view, analysis, selection) for view in FIRST}
    inspector = views.inspected(analysis, selection)
    # Error maps can wait: without them the others are sharper.
    bare = replace(analysis, truth={})
    for longest in SIZES:
        shown["overview"] |= overview(bare, selection, longest)
        parts = values | shown | {"inspector": inspector, "wire": {"photo": views.photo_of(analysis, longest)}}
        text = json.dumps(to_json(parts), separators=(",", ":"), ensure_ascii=False)
        if len(text.encode()) < LARGEST:
            return text
    raise SystemExit(f"Even at {SIZES[-1]} pixels the first picture has more than {LARGEST:,} bytes.")


def main() -> None:
    """Write the file."""
    from app.main import find_checkpoint
    from bridgenet.files import write_text

    parser = argparse.ArgumentParser(description="Make the picture that the studio shows before the network is loaded.")
    parser.add_argument("--checkpoint", type=Path, help="folder of the checkpoint (default: as the studio's)")
    write_text(FILE, make(find_checkpoint(parser.parse_args().checkpoint)) + "\n")


if __name__ == "__main__":
    main()
