"""A GPU computes what a CPU does. And the benchmark for one, as far as any machine can run it."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor
from training_runs import SMALL, losses, train_here

from bridgenet.learning.runtime import float32_products
from bridgenet.model import BridgeNet

ROOT = Path(__file__).parents[1]
WITHOUT_CHANCE = ("--model.drop-path", "0", "--model.backbone.drop-path", "0", "--steps", "4")


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gpu_benchmark", ROOT / "benchmarks" / "gpu.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_benchmark_runs_in_small_without_a_gpu(benchmark: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    benchmark.main(["--device", "cpu", "--tiny", "--steps", "1", "--out", str(out)])
    result = json.loads(out.read_text())
    assert result["device"] == "CPU"
    assert result["training"].keys() == benchmark.TRIES.keys()
    exact = result["training"]["fp32"]["losses"]
    assert len(exact) == 1
    for steps in result["training"].values():
        assert steps["seconds"] > 0 and steps["losses"] == pytest.approx(exact, rel=0.05)
    assert result["answer"]["decoder"] > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="There is a GPU.")
def test_the_benchmark_says_in_a_sentence_that_there_is_no_gpu(benchmark: ModuleType) -> None:
    with pytest.raises(SystemExit, match="There is no GPU that PyTorch can use here"):
        benchmark.main([])


@pytest.fixture(scope="module")
def train_on(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[float]]:
    """Losses of a short training on a device."""

    def train(device: str, *flags: object) -> list[float]:
        folder = tmp_path_factory.mktemp("run")
        # The last --device counts.
        assert train_here(*SMALL, *WITHOUT_CHANCE, "--output", folder, "--device", device, *flags) == 0
        return losses(folder)

    return train


@pytest.mark.gpu
def test_a_gpu_learns_as_a_cpu_does(train_on: Callable[..., list[float]]) -> None:
    on_cpu = train_on("cpu")
    assert train_on("cuda", "--no-optim.tf32") == pytest.approx(on_cpu, rel=1e-2)
    assert train_on("cuda") == pytest.approx(on_cpu, rel=3e-2)
    assert train_on("cuda", "--optim.precision", "bf16") == pytest.approx(on_cpu, rel=0.1)


@pytest.mark.gpu
def test_activations_computed_again_on_a_gpu_give_the_same_run(train_on: Callable[..., list[float]]) -> None:
    exact = train_on("cuda", "--no-optim.tf32")
    again = train_on("cuda", "--no-optim.tf32", "--optim.gradient-checkpointing", "all")
    assert again == pytest.approx(exact, rel=1e-2)


@pytest.mark.gpu
def test_a_gpu_answers_as_a_cpu_does(tiny_model: BridgeNet) -> None:
    images = torch.rand(1, 3, 64, 96)

    def answers(device: str) -> dict[str, Tensor]:
        with torch.no_grad(), float32_products(tf32=False):
            trace = tiny_model.to(device)(images.to(device))
        return {task: prediction.cpu() for task, prediction in trace.predictions.items()}

    on_cpu, on_gpu = answers("cpu"), answers("cuda")
    for task, prediction in on_cpu.items():
        torch.testing.assert_close(on_gpu[task], prediction, rtol=1e-3, atol=1e-4)
