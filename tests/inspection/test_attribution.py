from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam, LayerGradientXActivation
from torch import nn

from bridgenet.inspection.attribution import attribute_layer, attribute_tasks
from bridgenet.inspection.pixels import attribute_pixels, baseline_image
from bridgenet.inspection.region import Pixel
from bridgenet.inspection.sanity import deletion_curve, rank_agreement, reinitialised
from bridgenet.inspection.targets import Target
from bridgenet.model import BridgeNet
from bridgenet.shapes import Image
from bridgenet.trace import Trace

pytestmark = pytest.mark.slow

DEPTH = Target("depth", region=Pixel(0.5, 0.5))
EVERYWHERE = Target("depth")
SIZE = (64, 96)


def toy_trace(**parts: object) -> Trace:
    empty = Trace(task_generic=(), logits={}, predictions={})
    return replace(empty, **parts)  # pyright: ignore[reportArgumentType]


class Additive(nn.Module):
    """Depth is the sum of the tasks' features, times their product where `together` says so."""

    def __init__(self, together: float = 0.0) -> None:
        super().__init__()
        self.together = together

    def refine(self, trace: Trace, image_size: tuple[int, int]) -> Trace:
        features = torch.stack(list(trace.mixed.values()))
        depth = features.sum(dim=0) + self.together * features.prod(dim=0)
        return replace(trace, predictions={"depth": depth})


class Linear(nn.Module):
    """Depth is a fixed weight for each colour of each pixel."""

    def __init__(self) -> None:
        super().__init__()
        weights = torch.randn(3, *SIZE, generator=torch.Generator().manual_seed(5))
        self.weights = nn.Parameter(weights)

    def forward(self, images: Image) -> Trace:
        depth = (images * self.weights).sum(dim=1, keepdim=True)
        return toy_trace(task_generic=(images,), predictions={"depth": depth})


class Square(nn.Module):
    """Depth is the square of the first colour."""

    def forward(self, images: Image) -> Trace:
        return toy_trace(predictions={"depth": images[:, :1].square()})


class CancelledError(Exception):
    """What a progress raises."""


def cancel_after(calls: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done >= calls:
            raise CancelledError

    return progress


def features(**values: float | int) -> Trace:
    mixed = {task: torch.full((1, 1, 2, 2), float(value)) for task, value in values.items()}
    return toy_trace(mixed=mixed, predictions={"depth": torch.zeros(1, 1, 2, 2)})


@pytest.fixture
def images() -> Image:
    return torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def trace(tiny_model: BridgeNet, images: Image) -> Trace:
    with torch.inference_mode():
        return tiny_model(images)


# Tasks


@pytest.mark.parametrize("method", ["ablation", "shapley"])
def test_additive_contributions_are_found_exactly(method: str) -> None:
    found = attribute_tasks(Additive(), features(semseg=0.5, depth=2, edge=-1), EVERYWHERE, method, "zero")
    assert found.tasks == ("semseg", "depth", "edge")
    assert found.scores.tolist() == [0.5, 2, -1]
    assert (found.full_value, found.baseline_value, found.remainder) == (1.5, 0, 0)


def test_what_tasks_do_together_is_shared_by_shapley_and_counted_for_each_by_ablation() -> None:
    known = features(semseg=1, depth=2)
    together = Additive(together=3.0)
    assert attribute_tasks(together, known, EVERYWHERE, "shapley", "zero").scores.tolist() == [4, 5]
    ablated = attribute_tasks(together, known, EVERYWHERE, "ablation", "zero")
    assert ablated.scores.tolist() == [7, 8] and ablated.remainder == -6


def test_shapley_treats_equal_tasks_equally() -> None:
    equal = features(semseg=0.7, depth=2, edge=0.7)
    scores = attribute_tasks(Additive(together=1.3), equal, EVERYWHERE, "shapley", "zero").scores
    assert scores[0] == pytest.approx(scores[2]) and scores[0] != pytest.approx(scores[1])


def test_a_feature_replaced_by_its_mean_loses_its_layout_only() -> None:
    left = torch.tensor([[[[1.0, 3.0]]]])
    known = toy_trace(mixed={"depth": left}, predictions={"depth": torch.zeros(1, 1, 1, 2)})
    found = attribute_tasks(Additive(), known, Target("depth", region=Pixel(1.0, 0.0)), "ablation", "mean")
    assert (found.full_value, found.baseline_value) == (3, 2) and found.scores.tolist() == [1]


def test_shapley_scores_of_a_network_sum_to_the_whole_difference(tiny_model: BridgeNet, trace: Trace) -> None:
    told: list[tuple[int, int]] = []
    found = attribute_tasks(
        tiny_model, trace, DEPTH, "shapley", progress=lambda done, total: told.append((done, total))
    )
    assert found.scores.sum() == pytest.approx(found.full_value - found.baseline_value, abs=1e-5)
    assert found.full_value == pytest.approx(float(DEPTH.value(trace)), abs=1e-5)
    assert told[0] == (0, 64) and told[-1] == (64, 64)


def test_scores_of_a_batch_are_the_mean_of_its_images() -> None:
    images = [features(semseg=1, depth=2), features(semseg=3, depth=-1)]
    mixed = {task: torch.cat([image.mixed[task] for image in images]) for task in ("semseg", "depth")}
    batch = toy_trace(mixed=mixed, predictions={"depth": torch.zeros(2, 1, 2, 2)})
    alone = [attribute_tasks(Additive(2.0), image, EVERYWHERE, "shapley", "zero").scores for image in images]
    both = attribute_tasks(Additive(2.0), batch, EVERYWHERE, "shapley", "zero").scores
    np.testing.assert_allclose(both, np.mean(alone, axis=0))


def test_a_network_that_cannot_start_from_mixed_features_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a method refine"):
        attribute_tasks(Linear(), features(depth=1), EVERYWHERE)


# Layers


@pytest.mark.parametrize(
    ("method", "reference"), [("gradcam", LayerGradCam), ("gradient_x_activation", LayerGradientXActivation)]
)
def test_a_layer_that_captum_can_address_gets_captums_map(
    tiny_model: BridgeNet, images: Image, method: str, reference: type
) -> None:
    refiner = tiny_model.get_submodule("stages.1.refiners.depth")
    expected = reference(lambda given: DEPTH.value(tiny_model(given)), refiner).attribute(images)
    found = attribute_layer(tiny_model, images, DEPTH, "stages.1.refined.depth", method)
    assert np.abs(found.map).max() > 0
    np.testing.assert_allclose(found.map, expected.detach().sum(dim=1)[0].numpy(), rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("layer", ["task_generic.2", "stages.0.bridge", "pattern.feature.edge", "mixed.sal"])
def test_a_layer_is_addressed_by_its_trace_path(tiny_model: BridgeNet, trace: Trace, images: Image, layer: str) -> None:
    for parameter in tiny_model.parameters():
        parameter.requires_grad_(False)
    found = attribute_layer(tiny_model, images, DEPTH, layer)
    assert found.map.shape == trace[layer].shape[-2:] and np.abs(found.map).max() > 0


def test_a_layer_that_the_target_does_not_read_gets_zeros(tiny_model: BridgeNet, images: Image) -> None:
    assert not attribute_layer(tiny_model, images, DEPTH, "logits.edge").map.any()


def test_a_path_without_a_map_is_refused(tiny_model: BridgeNet, images: Image) -> None:
    for path in ("stages.0.attention", "pattern.attention.depth", "pattern.logits.depth"):
        with pytest.raises(ValueError, match="Choose a feature map"):
            attribute_layer(tiny_model, images, DEPTH, path)
    with pytest.raises(KeyError, match=r"Known: task_generic\.0"):
        attribute_layer(tiny_model, images, DEPTH, "stages.0.bride")


# Pixels


def test_integrated_gradients_of_a_linear_network_are_exact(images: Image) -> None:
    model = Linear()
    found = attribute_pixels(model, images, EVERYWHERE, steps=3, baseline="black")
    expected = (images * model.weights)[0].sum(dim=0) / (SIZE[0] * SIZE[1])
    np.testing.assert_allclose(found.map, expected.detach().numpy(), atol=1e-7)
    assert found.delta == pytest.approx(0, abs=1e-6) and found.relative_delta is not None
    assert found.baseline_value == 0 and found.value == pytest.approx(float(found.map.sum()), abs=1e-5)


def test_integrated_gradients_of_a_square_add_up_where_its_gradient_does_not(images: Image) -> None:
    found = attribute_pixels(Square(), images, DEPTH, steps=4, baseline="black")
    at = np.unravel_index(np.abs(found.map).argmax(), SIZE)
    value = float(images[0, 0, 32, 48]) ** 2
    assert at == (32, 48) and found.map[at] == pytest.approx(value)
    assert attribute_pixels(Square(), images, DEPTH, "gradient_x_input").map[at] == pytest.approx(2 * value)


def test_occlusion_is_the_fall_of_the_target_when_a_window_is_covered(images: Image) -> None:
    model = Linear()
    found = attribute_pixels(model, images, EVERYWHERE, "occlusion", baseline="black", window=40)
    per_pixel = (images * model.weights)[0].sum(dim=0).detach() / (SIZE[0] * SIZE[1])
    assert found.map[:40, :40] == pytest.approx(float(per_pixel[:40, :40].sum()), abs=1e-5)
    assert found.map[40:, 80:] == pytest.approx(float(per_pixel[40:, 80:].sum()), abs=1e-5)
    assert found.steps == 6


@pytest.mark.parametrize(("method", "total"), [("integrated_gradients", 7), ("gradient_x_input", 1), ("occlusion", 7)])
def test_progress_counts_up_to_its_total(images: Image, method: str, total: int) -> None:
    told: list[tuple[int, int]] = []
    attribute_pixels(Linear(), images, DEPTH, method, steps=5, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, total) and told[-1] == (total, total) and told == sorted(told)


def test_baselines_say_less_than_the_image(images: Image) -> None:
    assert not baseline_image(images, "black").any()
    torch.testing.assert_close(baseline_image(images, "mean")[0, :, 5, 7], images.mean(dim=(0, 2, 3)))
    assert 0 < baseline_image(images, "blurred").std() < 0.2 * images.std()


def test_several_images_and_no_steps_are_refused(images: Image) -> None:
    with pytest.raises(ValueError, match=r"one image at a time, .* got \(2, 3, 64, 96\)"):
        attribute_pixels(Linear(), images.repeat(2, 1, 1, 1), DEPTH)
    with pytest.raises(ValueError, match="at least 1"):
        attribute_pixels(Linear(), images, DEPTH, steps=0)


# Sanity


def test_reinitialised_weights_are_fresh_reproducible_and_alive(tiny_model: BridgeNet, images: Image) -> None:
    before = {name: tensor.clone() for name, tensor in tiny_model.state_dict().items()}
    first, again = (reinitialised(tiny_model, 3, images).state_dict() for _ in range(2))
    other = reinitialised(tiny_model, 4, images).state_dict()
    assert first.keys() == before.keys()
    assert all(torch.equal(first[name], again[name]) for name in first)
    weights = [name for name, tensor in tiny_model.named_parameters() if tensor.dim() > 1]
    assert all(not torch.equal(first[name], before[name]) for name in weights)
    assert all(not torch.equal(first[name], other[name]) for name in weights)
    assert all(torch.equal(tensor, before[name]) for name, tensor in tiny_model.state_dict().items())


def test_a_calibrated_random_network_still_tells_pixels_apart(tiny_model: BridgeNet, images: Image) -> None:
    random = reinitialised(tiny_model, 0, images)
    assert not any(module.training for module in random.modules())
    with torch.no_grad():
        assert random(images)["predictions.depth"].std() > 1e-3


def test_parameters_without_initial_values_of_their_own_are_drawn_again() -> None:
    model = nn.Module()
    model.position = nn.Parameter(torch.randn(1000, generator=torch.Generator().manual_seed(1)) * 3 + 10)
    position = reinitialised(model).get_parameter("position").detach()
    assert not torch.equal(position, model.position)
    assert float(position.mean()) == pytest.approx(10, abs=0.5) and float(position.std()) == pytest.approx(3, abs=0.3)


def test_rank_agreement_sees_order_only() -> None:
    map = np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32)
    assert rank_agreement(map, np.exp(map)) == pytest.approx(1)
    assert rank_agreement(map, -map) == pytest.approx(-1)
    assert np.isnan(rank_agreement(map, np.zeros((4, 4), dtype=np.float32)))


def test_deletion_starts_at_the_full_value_and_ends_at_the_baselines(tiny_model: BridgeNet, images: Image) -> None:
    map = attribute_pixels(tiny_model, images, DEPTH, "gradient_x_input").map
    curve = deletion_curve(tiny_model, images, DEPTH, map, steps=4)
    with torch.no_grad():
        full, empty = (float(DEPTH.value(tiny_model(given))) for given in (images, baseline_image(images, "blurred")))
    assert curve.fractions.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve.values[0] == curve.control[0] == pytest.approx(full)
    assert curve.values[-1] == curve.control[-1] == pytest.approx(empty)


def test_a_true_map_makes_the_target_fall_sooner_than_chance_and_its_negative_later(images: Image) -> None:
    model = Linear()
    map = attribute_pixels(model, images, EVERYWHERE, baseline="black", steps=2).map
    found, opposite = (
        deletion_curve(model, images, EVERYWHERE, signed, baseline="black").advantage for signed in (map, -map)
    )
    assert found > 0 > opposite


# Leaving no trace


def run_everything(model: nn.Module, images: Image, progress: Callable[[int, int], None] | None = None) -> None:
    """Each method in turn, each to its end or its cancellation."""
    map = np.zeros((4, 6), dtype=np.float32)
    with torch.inference_mode():
        seen = model.eval()(images)
        model.train()
        model.get_submodule("stages.0").eval()
        for run in (
            lambda: attribute_tasks(model, seen, DEPTH, progress=progress),
            lambda: attribute_layer(model, images, DEPTH, "stages.0.bridge"),
            lambda: attribute_pixels(model, images, DEPTH, steps=2, progress=progress),
            lambda: attribute_pixels(model, images, DEPTH, "gradient_x_input", progress=progress),
            lambda: attribute_pixels(model, images, DEPTH, "occlusion", window=64, progress=progress),
            lambda: deletion_curve(model, images, DEPTH, map, steps=2, progress=progress),
            lambda: reinitialised(model, 1),
        ):
            try:
                run()
            except CancelledError:
                assert progress is not None


@pytest.mark.parametrize("calls", [0, 1, 10_000])
def test_nothing_is_left_behind_after_success_and_after_cancelling(
    tiny_model: BridgeNet, images: Image, calls: int
) -> None:
    parameters = dict(tiny_model.named_parameters())
    frozen = next(parameter for parameter in parameters.values())
    given = images.clone()
    weights = {name: tensor.clone() for name, tensor in tiny_model.state_dict().items()}
    random_state = torch.get_rng_state()
    frozen.requires_grad_(False)
    run_everything(tiny_model, images, cancel_after(calls))
    assert torch.equal(torch.get_rng_state(), random_state)
    assert torch.equal(images, given) and not images.requires_grad
    assert all(torch.equal(tensor, weights[name]) for name, tensor in tiny_model.state_dict().items())
    assert all(parameter.grad is None for parameter in parameters.values())
    assert [name for name, parameter in parameters.items() if parameter.requires_grad == (parameter is frozen)] == []
    assert not any(module._forward_hooks or module._backward_hooks for module in tiny_model.modules())
    quiet = set(tiny_model.get_submodule("stages.0").modules())
    assert all(module.training != (module in quiet) for module in tiny_model.modules())


def test_cancelling_really_stops(images: Image) -> None:
    for run in (
        lambda: attribute_tasks(Additive(), features(depth=1), EVERYWHERE, progress=cancel_after(0)),
        lambda: attribute_pixels(Linear(), images, DEPTH, progress=cancel_after(3)),
        lambda: deletion_curve(Linear(), images, DEPTH, np.zeros(SIZE, np.float32), progress=cancel_after(3)),
    ):
        with pytest.raises(CancelledError):
            run()


def test_images_of_inference_mode_can_be_attributed(tiny_model: BridgeNet, images: Image) -> None:
    with torch.inference_mode():
        taken = images.clone()
        within = attribute_pixels(tiny_model, taken, DEPTH, "gradient_x_input")
    outside = attribute_pixels(tiny_model, taken, DEPTH, "gradient_x_input")
    np.testing.assert_array_equal(within.map, outside.map)
