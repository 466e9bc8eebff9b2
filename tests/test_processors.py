"""How PyTorch's threads wait for each other, as OpenMP itself says it when it is loaded."""

import os
import subprocess
import sys


def policy(**variables: str) -> str:
    """What OpenMP says of waiting in a process that imports the project and then PyTorch."""
    others = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    told = subprocess.run(
        [sys.executable, "-c", "import bridgenet, torch"],
        env=others | variables | {"OMP_DISPLAY_ENV": "TRUE"},
        capture_output=True,
        text=True,
        check=True,
    )
    (said,) = {line.partition("'")[2].strip("'") for line in told.stderr.splitlines() if "OMP_WAIT_POLICY" in line}
    return said


def test_threads_wait_asleep_so_that_a_busy_program_beside_them_does_not_hold_them_up() -> None:
    assert policy() == "PASSIVE"


def test_who_has_said_how_they_wait_is_heard() -> None:
    assert policy(OMP_WAIT_POLICY="ACTIVE") == "ACTIVE"
