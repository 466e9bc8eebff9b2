import socket

import pytest
import torch
from torch import nn

from bridgenet.config import BackboneConfig
from bridgenet.learning.launch import Launch
from bridgenet.learning.runtime import (
    LostProcessError,
    Runtime,
    SlowPrecisionWarning,
    check_precision,
    choose_device,
    float32_products,
    own_device,
    own_gpu,
    start_runtime,
)
from bridgenet.model import synchronise_batch_norm
from bridgenet.model.backbone import build_backbone


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_plain_process_is_alone_and_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with start_runtime("cpu") as runtime:
        assert runtime.is_main
        assert not runtime.is_distributed
        assert not torch.distributed.is_initialized()
        tensor = torch.ones(2)
        assert runtime.average(tensor) is tensor
        assert runtime.gather("here") == ["here"]
        runtime.wait()


def test_a_device_that_is_not_here_is_an_error() -> None:
    for name in ("cuda:77", "meta", "abacus", "", "xpu:9"):
        with pytest.raises(ValueError, match=r"cannot be used here\. This machine has: cpu") as error:
            choose_device(name)
        assert len(str(error.value).splitlines()) == 1
    assert choose_device("auto") == choose_device(None)


@pytest.mark.parametrize("device", ["cuda:0", "cuda:1"])
def test_one_device_for_several_processes_of_a_machine_is_refused(device: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be used here|one device for the 4 processes"):
        own_device(device, Launch(1, 4, 1, 4))
    assert own_device("cpu", Launch(1, 4, 1, 4)) == torch.device("cpu")


def test_each_process_of_a_machine_has_a_gpu_of_its_own() -> None:
    assert [own_gpu(Launch(rank, 4, rank, 4), gpus=4) for rank in range(4)] == [0, 1, 2, 3]
    assert own_gpu(Launch(7, 8, 3, 4), gpus=8) == 3
    # Slurm shows each task its own GPU alone.
    assert own_gpu(Launch(3, 4, 3, 4, "tcp://gpu07:3333"), gpus=1) == 0
    for gpus in (1, 3):
        with pytest.raises(ValueError, match="4 processes were started on this machine, but it has"):
            own_gpu(Launch(0, 4, 0, 4), gpus=gpus)


def test_products_are_rounded_to_tf32_only_inside() -> None:
    def rounded() -> list[str]:
        return [part.fp32_precision for part in (torch.backends.cuda.matmul, torch.backends.cudnn.conv)]

    before = rounded()
    with float32_products(tf32=True):
        assert rounded() == ["tf32", "tf32"]
        with float32_products(tf32=False):
            assert rounded() == ["ieee", "ieee"]
        assert rounded() == ["tf32", "tf32"]
    assert rounded() == before


def test_a_process_that_never_comes_is_waited_for_and_named(free_port: int) -> None:
    alone = Launch(0, 2, 0, 2, f"tcp://127.0.0.1:{free_port}")
    with (
        pytest.raises(LostProcessError, match=r"Process 0 of 2 waited for the others.*silent for 0\.02 minutes"),
        start_runtime("cpu", timeout=0.02, launch=alone),
    ):
        raise AssertionError("It should never have begun.")
    assert not torch.distributed.is_initialized()


@pytest.mark.parametrize(
    ("capability", "slow"), [("AVX2", True), ("DEFAULT", True), ("AVX512", False), ("SVE256", False)]
)
def test_a_cpu_that_only_imitates_bfloat16_is_named(
    capability: str, slow: bool, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    check_precision(torch.device("cpu"), "fp32")
    assert not recwarn.list
    check_precision(torch.device("cpu"), "bf16-decoder")
    assert [warning.category for warning in recwarn.list] == [SlowPrecisionWarning] * slow


def test_bfloat16_reaches_matrix_products_only_inside() -> None:
    one = torch.ones(2, 2)
    with Runtime(precision="bf16").autocast():
        assert (one @ one).dtype == torch.bfloat16
    with Runtime().autocast():
        assert (one @ one).dtype == torch.float32
    assert (one @ one).dtype == torch.float32


def test_a_step_draws_the_same_again_and_every_rank_draws_its_own() -> None:
    def draw(rank: int, step: int) -> torch.Tensor:
        Runtime(rank=rank, world_size=2).seed(42, step)
        return torch.rand(4)

    assert torch.equal(draw(0, 3), draw(0, 3))
    assert not torch.equal(draw(0, 3), draw(0, 4))
    assert not torch.equal(draw(0, 3), draw(1, 3))


def test_synchronised_batch_norms_keep_their_activations() -> None:
    torch.manual_seed(0)
    model = build_backbone(BackboneConfig("test_efficientnet")).eval()
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        before = model(images)
        shared = synchronise_batch_norm(model)
        after = shared(images)
    assert any(isinstance(module, nn.SyncBatchNorm) for module in shared.modules())
    for one, two in zip(before, after, strict=True):
        torch.testing.assert_close(one, two)
