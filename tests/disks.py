"""File systems in memory, to try what happens when a disk is full."""

import subprocess
from pathlib import Path


def resize(disk: Path, size: str) -> None:
    """Gives a `small_disk` a size, such as 64k."""
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)
