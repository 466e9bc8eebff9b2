"""The rule by which all commands understand the name of a device."""

import torch


def find_device(name: str | None) -> torch.device:
    """The device of a name, if it can compute here.

    Args:
        name: `cpu`, `cuda`, `cuda:1`, `mps`, `xpu`, ... None and `auto` take the GPU where there is one, else the CPU.

    Raises:
        ValueError: It does not exist here. The message names those that do.
    """
    if name is None or name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        # A real sum: some names are known to torch without being anything, and "meta" keeps no numbers.
        (torch.ones(1, device=device) + 1).item()
    except Exception:  # Each kind of device says in its own way that it is not there.
        there = ", ".join(["cpu", *_accelerators()])
        raise ValueError(
            f"Device {name!r} cannot be used here. This machine has: {there}. Choose one of them with --device."
        ) from None
    return device


def _accelerators() -> list[str]:
    found = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    found += ["mps"] if torch.backends.mps.is_available() else []
    return found + (["xpu"] if torch.xpu.is_available() else [])
