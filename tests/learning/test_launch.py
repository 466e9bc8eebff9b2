"""Who a process is, by the variables of its environment."""

import pytest

from bridgenet.learning.launch import Launch, LaunchError, first_machine, read_launch

TORCHRUN = {
    "RANK": "5",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4",
    "MASTER_ADDR": "gpu07",
    "MASTER_PORT": "29500",
    "TORCHELASTIC_RUN_ID": "none",
}
SRUN = {
    "SLURM_JOB_ID": "4711",
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "5",
    "SLURM_NTASKS": "8",
    "SLURM_LOCALID": "1",
    "SLURM_NODEID": "1",
    "SLURM_TASKS_PER_NODE": "4(x2)",
    "SLURM_JOB_NODELIST": "gpu[07-08]",
}
BATCH_SCRIPT = {name: SRUN[name] for name in ("SLURM_JOB_ID", "SLURM_NTASKS", "SLURM_JOB_NODELIST")} | {
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
}


def without(variables: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name not in names}


def test_torchrun_and_srun_say_who_a_process_is() -> None:
    assert read_launch(TORCHRUN) == Launch(5, 8, 1, 4, "env://")
    port = 10_000 + 31 * 4711 % 20_000
    assert read_launch(SRUN) == Launch(5, 8, 1, 4, f"tcp://gpu07:{port}")
    told = read_launch(SRUN | {"MASTER_ADDR": "fe80::1", "MASTER_PORT": "3333"})
    assert told.meeting == "tcp://[fe80::1]:3333"
    # torchrun, started by srun once on each machine.
    assert read_launch(SRUN | {"SLURM_NTASKS": "2", "SLURM_PROCID": "1"} | TORCHRUN) == Launch(5, 8, 1, 4, "env://")
    # The step has fewer tasks than the job.
    step = {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1", "SLURM_NODEID": "0", "SLURM_STEP_TASKS_PER_NODE": "2"}
    assert (read_launch(SRUN | step).world_size, read_launch(SRUN | step).local_size) == (2, 2)
    # A simulation, or a site, that tells no step but a meeting place.
    assert read_launch(BATCH_SCRIPT | {"MASTER_ADDR": "gpu07", "MASTER_PORT": "3333"}).world_size == 8


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"WORLD_SIZE": "1"},
        {"RANK": "0", "WORLD_SIZE": "1"},
        {"SLURM_JOB_ID": "4711", "SLURM_NTASKS": "4"},  # a shell of salloc
        SRUN | {"SLURM_PROCID": "0", "SLURM_STEP_ID": "4294967290"},  # the same, as an interactive step
        BATCH_SCRIPT,
        SRUN | {"SLURM_NTASKS": "1", "SLURM_PROCID": "0"},
    ],
)
def test_a_process_without_company_is_alone(variables: dict[str, str]) -> None:
    assert read_launch(variables) == Launch()


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"WORLD_SIZE": "4"}, "RANK is missing"),
        ({"RANK": "0"}, "WORLD_SIZE is missing"),
        (TORCHRUN | {"RANK": "8"}, "RANK is 8 and WORLD_SIZE is 8"),
        (TORCHRUN | {"WORLD_SIZE": "four"}, "WORLD_SIZE is 'four'"),
        (TORCHRUN | {"RANK": "-1"}, "RANK is '-1'"),
        (without(TORCHRUN, "MASTER_PORT"), "MASTER_PORT is missing"),
        (SRUN | without(TORCHRUN, "TORCHELASTIC_RUN_ID") | {"RANK": "0"}, "process 0 of 8.*say 5 of 8"),
        (without(SRUN, "SLURM_NTASKS"), "SLURM_NTASKS is missing"),
        (without(SRUN, "SLURM_LOCALID"), "SLURM_LOCALID is missing"),
        (without(SRUN, "SLURM_JOB_NODELIST"), "SLURM_JOB_NODELIST is missing"),
        (without(SRUN, "SLURM_STEP_ID"), "SLURM_STEP_ID is missing"),
        (SRUN | {"SLURM_PROCID": "9"}, "SLURM_PROCID is 9 and SLURM_NTASKS is 8"),
        (SRUN | {"SLURM_LOCALID": "6"}, "contradict"),
        (SRUN | {"MASTER_PORT": "99999"}, "MASTER_PORT is 99999"),
        ({"OMPI_COMM_WORLD_SIZE": "4"}, "mpirun"),
    ],
)
def test_variables_that_contradict_each_other_are_refused(variables: dict[str, str], reason: str) -> None:
    with pytest.raises(LaunchError, match=reason):
        read_launch(variables)


@pytest.mark.parametrize(
    ("machines", "first"),
    [
        ("gpu7", "gpu7"),
        ("gpu[07-09,12],cpu1", "gpu07"),
        ("a1,b2", "a1"),
        ("rack[1-2]-node[03,05].example", "rack1-node03.example"),
    ],
)
def test_the_first_machine_of_a_list(machines: str, first: str) -> None:
    assert first_machine(machines) == first
