import pytest
import torch
from torch import nn

from bridgenet.config import BackboneConfig
from bridgenet.learning.runtime import Runtime, choose_device, start_runtime
from bridgenet.model import synchronise_batch_norm
from bridgenet.model.backbone import build_backbone


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
