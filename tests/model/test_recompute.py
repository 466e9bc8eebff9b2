"""Gradient checkpointing: the same gradient from less memory."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from bridgenet.config import BackboneConfig, ModelConfig
from bridgenet.model import build_model

pytestmark = pytest.mark.slow


def learn(config: ModelConfig, *, backbone: bool, decoder: bool) -> tuple[dict[str, Tensor], dict[str, Tensor], int]:
    """Gradients and buffers after a training pass of the same network, and the bytes kept for the gradient."""
    torch.manual_seed(0)
    model = build_model(config).train()
    model.backbone.gradient_checkpointing = backbone
    model.gradient_checkpointing = decoder
    images = torch.rand(2, 3, 64, 64).contiguous(memory_format=torch.channels_last)
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    torch.manual_seed(1)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        trace = model(images)
    torch.stack([prediction.square().mean() for prediction in trace.predictions.values()]).sum().backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    return gradients, {name: buffer.clone() for name, buffer in model.named_buffers()}, sum(kept.values())


@pytest.mark.parametrize("name", ["test_efficientnet", "test_vit"])
def test_activations_that_are_computed_again_give_the_same_gradient(tiny_config: ModelConfig, name: str) -> None:
    """Dropped paths are drawn the same again, and batch norms count every image once."""
    config = replace(tiny_config, backbone=BackboneConfig(name, drop_path=0.3), drop_path=0.5, refiner_blocks=(2, 2, 2))
    gradients, buffers, kept = learn(config, backbone=False, decoder=False)
    for part in ({"backbone": True, "decoder": False}, {"backbone": False, "decoder": True}):
        again, counted, less = learn(config, **part)
        assert again.keys() == gradients.keys()
        for path, gradient in gradients.items():
            assert torch.equal(again[path], gradient), path
        for path, buffer in buffers.items():
            assert torch.equal(counted[path], buffer), path
        assert less < 0.9 * kept
