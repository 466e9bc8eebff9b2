"""`bridgenet.train`, whose every process also leaves its own weights, as `rankN.pt`."""

import sys

import torch

from bridgenet.learning import loop
from bridgenet.train import main


def _finish_and_keep(run: loop.Run) -> None:
    torch.save(run.model.state_dict(), run.output / f"rank{run.runtime.rank}.pt")
    _finish(run)


_finish = loop.finish

if __name__ == "__main__":
    loop.finish = _finish_and_keep
    sys.exit(main())
