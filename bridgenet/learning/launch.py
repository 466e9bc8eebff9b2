"""How this process was started: by torchrun, by Slurm's srun, or alone.

Processes of one run must agree on who they are; where the variables do not say so beyond doubt, the run is refused
rather than started once in every process.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

RESERVED_STEPS = 0xFFFFFFF0
"""Slurm numbers from here are not steps of srun but the batch script, an interactive shell, and the like."""

FIRST_PORT, PORTS = 10_000, 20_000
"""Where the processes of a Slurm step meet: below the ports that a system gives away by itself."""

OTHER_LAUNCHERS = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE")
"""Set by the `mpirun` of Open MPI, of MPICH and Intel, and of MVAPICH."""


class LaunchError(ValueError):
    """The variables of the environment contradict each other. The message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One process among those of a run."""

    rank: int = 0
    """Number of this process, from 0."""

    world_size: int = 1
    """Number of processes."""

    local_rank: int = 0
    """Number among the processes of this machine."""

    local_size: int = 1
    """Processes on this machine, as far as it is known."""

    meeting: str = "env://"
    """Where the processes find each other, as `torch.distributed` wants it."""


def read_launch(variables: Mapping[str, str] = os.environ) -> Launch:
    """Who this process is.

    torchrun's variables come first, since torchrun may itself have been started by srun. A shell of `salloc`, or a
    command of an `sbatch` script without srun before it, is alone.

    Args:
        variables: Of the environment.

    Raises:
        LaunchError: It is one of several, but the variables do not say which, or contradict each other.
    """
    if "RANK" in variables:
        return _from_torchrun(variables)
    if _is_slurm_task(variables):
        return _from_srun(variables)
    if _number(variables, "WORLD_SIZE", 1) > 1:
        raise LaunchError(
            f"WORLD_SIZE is {variables['WORLD_SIZE']}, but RANK is missing: is this one of several processes? Start "
            "them with torchrun or srun, or unset WORLD_SIZE for a process that is alone."
        )
    for name in OTHER_LAUNCHERS:
        if _number(variables, name, 1) > 1:
            raise LaunchError(
                f"{name} is {variables[name]}: started by mpirun, which is not understood. Every process would start "
                "a run of its own. Use torchrun or srun."
            )
    return Launch()


def _from_torchrun(variables: Mapping[str, str]) -> Launch:
    if "WORLD_SIZE" not in variables:
        raise LaunchError("RANK is set, but WORLD_SIZE is missing. Start with torchrun or srun, or unset RANK.")
    rank, world_size = _place(variables, "RANK", "WORLD_SIZE")
    if world_size == 1:
        return Launch()
    if missing := [name for name in ("MASTER_ADDR", "MASTER_PORT") if name not in variables]:
        raise LaunchError(
            f"RANK is {rank} of {world_size}, but {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} "
            "missing: the processes cannot find each other. torchrun sets it all."
        )
    by_hand = "TORCHELASTIC_RUN_ID" not in variables
    if by_hand and _is_slurm_task(variables) and (rank, world_size) != (task := _place_of_task(variables)):
        raise LaunchError(
            f"RANK and WORLD_SIZE say process {rank} of {world_size}, SLURM_PROCID and SLURM_NTASKS say {task[0]} of "
            f"{task[1]}. Unset RANK and WORLD_SIZE: srun's variables are enough."
        )
    local_rank = _number(variables, "LOCAL_RANK", _number(variables, "SLURM_LOCALID", 0))
    return Launch(rank, world_size, local_rank, _number(variables, "LOCAL_WORLD_SIZE", local_rank + 1))


def _is_slurm_task(variables: Mapping[str, str]) -> bool:
    """Whether srun started this process.

    A batch script has SLURM_PROCID 0 and the job's SLURM_NTASKS too, but no step. Where the step is not told,
    a meeting place shows that several processes are meant.
    """
    if "SLURM_PROCID" not in variables:
        return False
    if "SLURM_STEP_ID" in variables:
        return _number(variables, "SLURM_STEP_ID", 0) < RESERVED_STEPS
    if _number(variables, "SLURM_NTASKS", 1) > 1 and {"MASTER_ADDR", "MASTER_PORT"} <= variables.keys():
        return True
    if rank := _number(variables, "SLURM_PROCID", 0):
        raise LaunchError(
            f"SLURM_PROCID is {rank}, but SLURM_STEP_ID is missing: is this one of several processes? Start them with "
            "srun, or unset SLURM_PROCID for a process that is alone."
        )
    return False


def _from_srun(variables: Mapping[str, str]) -> Launch:
    rank, world_size = _place_of_task(variables)
    if world_size == 1:
        return Launch()
    if "SLURM_LOCALID" not in variables:
        raise LaunchError(
            f"SLURM_PROCID is {rank} of {world_size}, but SLURM_LOCALID is missing: which GPU is this process's? "
            "Start with srun or torchrun."
        )
    local_rank = _number(variables, "SLURM_LOCALID", 0)
    if local_rank > rank:
        raise LaunchError(
            f"SLURM_LOCALID is {local_rank}, but SLURM_PROCID is {rank}: they contradict each other. Start with srun."
        )
    return Launch(rank, world_size, local_rank, _tasks_here(variables, local_rank), _meeting(variables))


def _place_of_task(variables: Mapping[str, str]) -> tuple[int, int]:
    """Number of this task and number of all. The step's own number counts: the job may have asked for more."""
    size = "SLURM_STEP_NUM_TASKS" if "SLURM_STEP_NUM_TASKS" in variables else "SLURM_NTASKS"
    if size not in variables:
        raise LaunchError(
            f"SLURM_PROCID is {variables['SLURM_PROCID']}, but SLURM_NTASKS is missing: of how many? Start with srun."
        )
    return _place(variables, "SLURM_PROCID", size)


def _tasks_here(variables: Mapping[str, str], local_rank: int) -> int:
    """Tasks of the step on this machine. Slurm writes them as `4(x2),3`: two machines with four, one with three."""
    text = variables.get("SLURM_STEP_TASKS_PER_NODE") or variables.get("SLURM_TASKS_PER_NODE", "")
    groups = re.findall(r"(\d+)(?:\(x(\d+)\))?", text)
    tasks = [int(count) for count, times in groups for _ in range(int(times or 1))]
    machine = _number(variables, "SLURM_NODEID", 0)
    return max(tasks[machine] if machine < len(tasks) else 1, local_rank + 1)


def _meeting(variables: Mapping[str, str]) -> str:
    """An address that all tasks agree on: as told, or the step's first machine and a port of the job's own."""
    machines = variables.get("SLURM_STEP_NODELIST") or variables.get("SLURM_JOB_NODELIST")
    address = variables.get("MASTER_ADDR") or (first_machine(machines) if machines else None)
    if not address:
        raise LaunchError(
            "Started by srun, but SLURM_JOB_NODELIST is missing: the processes cannot find each other. Name the first "
            "machine in MASTER_ADDR."
        )
    job, step = _number(variables, "SLURM_JOB_ID", 0), _number(variables, "SLURM_STEP_ID", 0)
    port = _number(variables, "MASTER_PORT", FIRST_PORT + (31 * job + step) % PORTS)
    if not 0 < port < 65536:
        raise LaunchError(f"MASTER_PORT is {port}; ports are 1 to 65535.")
    return f"tcp://[{address}]:{port}" if ":" in address else f"tcp://{address}:{port}"


def first_machine(machines: str) -> str:
    """The first of a list as Slurm writes it: `gpu[07-09,12],cpu1` begins with `gpu07`."""
    first = re.match(r"(?:[^,\[]|\[[^\]]*\])*", machines)
    return re.sub(r"\[(\w+)[^\]]*\]", r"\1", first[0] if first else "")


def _place(variables: Mapping[str, str], rank_name: str, size_name: str) -> tuple[int, int]:
    rank, size = _number(variables, rank_name, 0), _number(variables, size_name, 1)
    if rank >= size:
        raise LaunchError(
            f"{rank_name} is {rank} and {size_name} is {size}: of {size} processes the last is number {size - 1}. "
            "Start with torchrun or srun, or unset both."
        )
    return rank, size


def _number(variables: Mapping[str, str], name: str, default: int) -> int:
    text = variables.get(name)
    if text is None:
        return default
    if not text.strip().isascii() or not text.strip().isdecimal():
        raise LaunchError(f"{name} is {text!r}, which is no number from 0. Start with torchrun or srun, or unset it.")
    return int(text)
