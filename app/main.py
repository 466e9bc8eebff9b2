"""Start the studio: `python app/main.py`, then open the address that it prints."""

import argparse
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

# Both before gradio is imported: nothing is reported anywhere, and uploads live in a folder of this run alone.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
# Half of the cores for the network, before torch is imported: page and browser need the others, and threads that wait
# for a core slow each other down (on two cores, two threads took 2.6 s for what one does in 2.1 s).
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // 2)))

ROOT = Path(__file__).resolve().parents[1]
CHECKPOINTS = ROOT / "checkpoints"
PREFERRED = ("nyud-lite0", "rooms-tiny")

if not __package__:
    # Started as a file, Python looks in this folder first and would take other packages called app or bridgenet for
    # these, wherever PYTHONPATH names some.
    sys.path[:] = [str(ROOT), *(place for place in sys.path if Path(place).resolve() != ROOT / "app")]

from app import place  # noqa: E402


def load_views() -> None:
    """The views import torch: while the network is loaded, not at the first click."""
    import app.tabs.views  # noqa: F401


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, serve the page until Ctrl-C."""
    options = parse(arguments)
    checkpoint = find_checkpoint(options.checkpoint)
    host = place.plain_host(options.host)
    if not place.is_local(host) and not options.allow_remote:
        raise SystemExit(
            f"Serving on {host} lets everyone who can reach this machine use the studio, without a password. "
            "If that is what you want, add --allow-remote; else leave --host out."
        )
    if options.mcp and importlib.util.find_spec("mcp") is None:
        raise SystemExit("--mcp needs a package that is not installed. Install it: pip install 'bridgenet[mcp]'")
    check_device(options.device)
    port = place.choose_port(host, options.port)
    place.stay_at_home()
    try:
        home = tempfile.TemporaryDirectory(prefix="bridgenet-studio-")
    except OSError as problem:
        raise SystemExit(
            f"No temporary folder can be made ({problem.strerror or problem}). Make room, or name another with TMPDIR."
        ) from None
    with home as folder:
        signal.signal(signal.SIGTERM, lambda *_: end(folder))
        os.environ["GRADIO_TEMP_DIR"] = folder
        serve(checkpoint, options, host, port)


def check_device(name: str) -> None:
    """The end of the program if the network cannot run there. The CPU is not asked: torch loads behind the page."""
    if name != "cpu":
        from bridgenet.devices import find_device

        try:
            find_device(name)
        except ValueError as error:
            raise SystemExit(str(error)) from None


def end(folder: str) -> None:
    """Tidy up and stop at once: what visitors sent does not outlive the studio, and open pages do not hold it up."""
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    from app.analysis.session import KEPT

    parser = argparse.ArgumentParser(
        prog="python app/main.py", description="BridgeNet Studio: the network in the browser."
    )
    parser.add_argument(
        "--checkpoint", type=Path, help="folder of a checkpoint (default: checkpoints/nyud-lite0, else rooms-tiny)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: this machine only)")
    parser.add_argument("--port", type=int, help=f"port (default: {place.PORT}, or the next one that is free)")
    parser.add_argument(
        "--root-path", type=place.root_path, default="", metavar="PATH",
        help="path under which a reverse proxy serves the studio, such as /lab/studio, or the whole address there",
    )  # fmt: skip
    parser.add_argument(
        "--device", default="cpu", help="where the network runs: cpu, cuda, cuda:1, ..., or auto (default: cpu)"
    )
    parser.add_argument("--allow-remote", action="store_true", help="allow a host that others can reach")
    parser.add_argument(
        "--max-upload-mb", type=positive, default=20.0, metavar="MB", help="largest photo as a file (default: 20)"
    )
    parser.add_argument(
        "--max-pixels", type=positive, default=50.0, metavar="MEGAPIXELS", help="largest photo (default: 50 megapixels)"
    )
    parser.add_argument(
        "--reference", type=folder, metavar="FOLDER", help="folder of photos over which the interaction is measured"
    )
    parser.add_argument(
        "--keep",
        type=count,
        default=KEPT,
        metavar="N",
        help=f"analyses in memory (default: {KEPT}); others are made again from their photos when somebody asks",
    )
    parser.add_argument("--no-warmup", action="store_true", help="load the network when the first visitor comes")
    parser.add_argument(
        "--no-ahead", action="store_true", help="compute every view when it is opened, none while nobody asks"
    )
    parser.add_argument(
        "--mcp", action="store_true", help="also serve the endpoints to assistants (MCP); needs bridgenet[mcp]"
    )
    return parser.parse_args(arguments)


def positive(text: str) -> float:
    """A number above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return number


def count(text: str) -> int:
    """A whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text}")
    return number


def folder(text: str) -> Path:
    """A folder that is there."""
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return path.resolve()


def find_checkpoint(asked: Path | None) -> Path:
    """The folder of the checkpoint, or the end of the program with what there is instead."""
    for folder in [asked] if asked else [CHECKPOINTS / name for name in PREFERRED]:
        if (folder / "config.json").is_file():
            return folder.resolve()
    there = sorted(path.parent for path in CHECKPOINTS.glob("*/config.json"))
    listed = (
        "".join(f"\n  --checkpoint {path}" for path in there)
        or "\n  none; make one: python -m bridgenet.train rooms-tiny"
    )
    wanted = f"There is no checkpoint in {asked}" if asked else "No checkpoint is installed"
    raise SystemExit(f"{wanted} (a folder with config.json and model.safetensors). Found in {CHECKPOINTS}:{listed}")


def serve(checkpoint: Path, options: argparse.Namespace, host: str, port: int) -> None:
    """Serve the page, then load the network behind it."""
    from app.analysis.session import Session

    session = Session(checkpoint, options.device, options.reference, options.keep, prepare=load_views)
    demo, settings = page(session, options)
    demo.launch(server_name=place.bracketed(host), server_port=port, **settings)
    address = place.address_of(host, port)
    sys.stdout.write(f"BridgeNet Studio: {address}  (checkpoint {checkpoint.name}; Ctrl-C ends it)\n")
    sys.stdout.flush()
    if not options.no_warmup:
        session.start()
    demo.block_thread()


def page(session: Any, options: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """The page, and how it is launched: private, quiet, without a trace on the network."""
    from starlette.middleware import Middleware

    from app.browser import announcing, browser_head, modules_route
    from app.endpoints import no_assistants_route
    from app.first_values import first_values
    from app.page import build_demo
    from app.tabs import SIMPLE, TABS
    from app.theme import studio_css, studio_head, studio_theme
    from app.uploads import Limits

    place.protect()
    limits = Limits(options.max_upload_mb, options.max_pixels)
    routes = [modules_route(), *([] if options.mcp else [no_assistants_route()])]
    demo = build_demo(session, first_values(session.checkpoint), limits, ahead=not options.no_ahead)
    return demo, {
        "prevent_thread_lock": True,
        "quiet": True,
        "share": False,
        "root_path": options.root_path,
        "head": browser_head(TABS, SIMPLE) + studio_head(),
        "app_kwargs": {"routes": routes, "middleware": [Middleware(announcing)]},
        "show_error": True,
        "theme": studio_theme(),
        "css": studio_css(assistants=options.mcp),
        "footer_links": ["api"],
        "run_history": False,
        "ssr_mode": False,
        "max_file_size": round(limits.megabytes * 1_000_000),
        "allowed_paths": [],
        "strict_cors": True,
        "mcp_server": options.mcp,
        # Many pages may wait for one network, each in a thread; the line that they ask for their turn needs others.
        "max_threads": 120,
    }


if __name__ == "__main__":
    main()
