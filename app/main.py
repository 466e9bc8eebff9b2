"""Start the studio: `python app/main.py`, then open the address that it prints."""

import argparse
import os
import socket
import sys
import tempfile
from pathlib import Path

# Both before gradio is imported: nothing is reported anywhere, and uploads live in a folder of this run alone.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

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
    port = choose_port(options.host, options.port)
    with tempfile.TemporaryDirectory(prefix="bridgenet-studio-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        serve(checkpoint, options.host, port, options.device)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
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
    return parser.parse_args(arguments)


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


def serve(checkpoint: Path, host: str, port: int, device: str) -> None:
    """Serve the page, then load the network behind it."""
    from app.demo import build_demo
    from app.first_paint import first_values
    from app.handlers import MEGABYTES
    from app.session import Session
    from app.theme import studio_css, studio_theme

    session = Session(checkpoint, device)
    demo = build_demo(session, first_values(checkpoint))
    demo.launch(
        server_name=host, server_port=port, prevent_thread_lock=True, quiet=True, share=False, show_error=True,
        theme=studio_theme(), css=studio_css(), footer_links=[], run_history=False, ssr_mode=False,
        max_file_size=MEGABYTES * 1_000_000, allowed_paths=[], strict_cors=True,
    )  # fmt: skip
    sys.stdout.write(f"BridgeNet Studio: http://{host}:{port}  (checkpoint {checkpoint.name}; Ctrl-C ends it)\n")
    sys.stdout.flush()
    session.start()
    demo.block_thread()


if __name__ == "__main__":
    main()
