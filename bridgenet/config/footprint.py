"""About how much memory a run would take: enough to tell a slip of the keyboard from a network.

Only the decoder's largest parts are counted, as kept for the backward pass in float32.
"""

from bridgenet.config.network import ModelConfig

MOST_SAMPLE, MOST_IMAGE, MOST_BATCH = 2.0, 40.0, 500.0
"""Gigabytes of one sample, of one image in the network, and of a batch over all processes: more is a slip."""

_BASE_STRIDE, _FUSION_STRIDE = 32, 4
_BYTES = 4
_SAMPLE_BYTES = 60
"""Of a pixel with the ground truth of six tasks, before and after its transform."""


def sample_gigabytes(input_size: tuple[int, int]) -> float:
    """Memory of one image and its ground truth."""
    return 1e-9 * _SAMPLE_BYTES * input_size[0] * input_size[1]


def image_gigabytes(model: ModelConfig, input_size: tuple[int, int]) -> float:
    """Memory that the decoder keeps of one image while training."""
    pixels, tasks = input_size[0] * input_size[1], len(model.tasks)
    values = 6.0 * pixels * sum(model.tasks.values())  # Two predictions: logits, resized, and their gradients.
    if model.system != "bridgenet":
        return 1e-9 * _BYTES * values
    values += pixels / _FUSION_STRIDE**2 * tasks * (sum(model.stage_widths) + 3 * model.stage_widths[0])
    for stage, width in enumerate(model.stage_widths):
        grid = pixels / (_BASE_STRIDE / 2**stage) ** 2
        block = 2 * width + 5 * width / model.squeeze_ratio
        values += grid * tasks * (6 * width + model.refiner_blocks[stage] * block)
        tokens = tasks * grid / model.token_reduction[stage] ** 2
        values += 2 * model.heads * (grid / model.query_reduction**2) * tokens * model.bfe
    base = pixels / _BASE_STRIDE**2 / model.query_reduction**2
    values += 4 * tasks * model.heads * base**2 * model.tpp
    return 1e-9 * _BYTES * values
