"""Start the studio: `python app/main.py`, then open the address that it prints."""

import argparse
import importlib.util
import os
import shutil
import signal
import socket
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
LOCAL = ("127.0.0.1", "localhost", "::1")
PORT = 7860


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, serve the page until Ctrl-C."""
    options = parse(arguments)
    checkpoint = find_checkpoint(options.checkpoint)
    if options.host not in LOCAL and not options.allow_remote:
        raise SystemExit(
            f"Serving on {options.host} lets everyone who can reach this machine use the studio, without a password. "
            "If that is what you want, add --allow-remote; else leave --host out."
        )
    if options.mcp and importlib.util.find_spec("mcp") is None:
        raise SystemExit("--mcp needs a package that is not installed. Install it: pip install 'bridgenet[mcp]'")
    port = choose_port(options.host, options.port)
    with tempfile.TemporaryDirectory(prefix="bridgenet-studio-") as folder:
        signal.signal(signal.SIGTERM, lambda *_: end(folder))
        os.environ["GRADIO_TEMP_DIR"] = folder
        serve(checkpoint, options, port)


def end(folder: str) -> None:
    """Tidy up and stop at once: what visitors sent does not outlive the studio, and open pages do not hold it up."""
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    from app.session import KEPT

    parser = argparse.ArgumentParser(
        prog="python app/main.py", description="BridgeNet Studio: the network in the browser."
    )
    parser.add_argument(
        "--checkpoint", type=Path, help="folder of a checkpoint (default: checkpoints/nyud-lite0, else rooms-tiny)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: this machine only)")
    parser.add_argument("--port", type=int, help=f"port (default: {PORT}, or the next one that is free)")
    parser.add_argument("--device", default="cpu", help="where the network runs, such as cpu or cuda (default: cpu)")
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


def choose_port(host: str, asked: int | None) -> int:
    """The port that was asked for, or the first free one from 7860 on."""
    if asked is not None and not 1 <= asked <= 65535:
        raise SystemExit(f"There is no port {asked}. Choose one from 1024 to 65535.")
    for port in [asked] if asked else range(PORT, PORT + 100):
        if is_free(host, port):
            return port
    if asked:
        raise SystemExit(f"Port {asked} is taken by another program. Choose another with --port, or leave --port out.")
    raise SystemExit(f"No port from {PORT} to {PORT + 99} is free. Name one with --port.")


def is_free(host: str, port: int) -> bool:
    """Whether a server can be started there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
        except OSError:
            return False
    return True


def serve(checkpoint: Path, options: argparse.Namespace, port: int) -> None:
    """Serve the page, then load the network behind it."""
    from app.session import Session

    session = Session(checkpoint, options.device, options.reference, options.keep)
    demo, settings = page(session, options)
    demo.launch(server_name=options.host, server_port=port, **settings)
    address = f"[{options.host}]" if ":" in options.host else options.host
    sys.stdout.write(f"BridgeNet Studio: http://{address}:{port}  (checkpoint {checkpoint.name}; Ctrl-C ends it)\n")
    sys.stdout.flush()
    if not options.no_warmup:
        session.start()
    demo.block_thread()


def page(session: Any, options: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """The page, and how it is launched: private, quiet, without a trace on the network."""
    from app.demo import build_demo
    from app.first_paint import first_values
    from app.handlers import Limits
    from app.theme import studio_css, studio_theme

    limits = Limits(options.max_upload_mb, options.max_pixels)
    demo = build_demo(session, first_values(session.checkpoint), limits)
    return demo, {
        "prevent_thread_lock": True,
        "quiet": True,
        "share": False,
        "show_error": True,
        "theme": studio_theme(),
        "css": studio_css(),
        "footer_links": ["api"],
        "run_history": False,
        "ssr_mode": False,
        "max_file_size": round(limits.megabytes * 1_000_000),
        "allowed_paths": [],
        "strict_cors": True,
        "mcp_server": options.mcp,
    }


if __name__ == "__main__":
    main()
