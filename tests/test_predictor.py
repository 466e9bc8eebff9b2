from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from bridgenet import PRESETS
from bridgenet.checkpoint import CheckpointError, save_model
from bridgenet.images import ImageError
from bridgenet.model import build_model
from bridgenet.predictor import Predictor, fit_size


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    torch.manual_seed(0)
    config = PRESETS["rooms-tiny"]
    return Predictor(build_model(config.model).eval(), config, "untrained")


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)


def test_every_task_answers_at_the_size_of_the_photo_in_its_own_kind(predictor: Predictor, photo: np.ndarray) -> None:
    prediction = predictor(photo)
    assert tuple(prediction) == predictor.tasks == tuple(predictor.config.model.tasks)
    assert prediction["semseg"].array.dtype == np.uint8 and prediction["semseg"].array.max() < 14
    assert prediction["human_parts"].array.max() < 7
    assert prediction["depth"].array.dtype == np.float32 and prediction["depth"].unit == "m"
    assert prediction["depth"].array.min() >= 0
    np.testing.assert_allclose(np.linalg.norm(prediction["normals"].array, axis=-1), 1, atol=1e-4)
    for task in ("sal", "edge"):
        array = prediction[task].array
        assert array.dtype == np.float32 and 0 <= array.min() <= array.max() <= 1
    for task, answer in prediction.items():
        assert answer.array.shape == ((120, 160, 3) if task == "normals" else (120, 160))
        assert answer.picture().shape == (120, 160, 3) and answer.picture().dtype == np.uint8


def test_classes_come_with_names_and_confidence_and_measures_without(predictor: Predictor, photo: np.ndarray) -> None:
    prediction = predictor(photo)
    assert prediction["semseg"].classes == predictor.classes and predictor.classes[0] == "wall"
    assert prediction["human_parts"].classes[1] == "head"
    for task in ("semseg", "human_parts"):
        confidence = prediction[task].confidence
        assert confidence.shape == (120, 160)
        assert 1 / len(prediction[task].classes) - 1e-4 <= confidence.min() <= confidence.max() <= 1
    assert prediction["depth"].confidence is None and prediction["depth"].classes == ()


def test_what_a_head_says_is_an_answer_at_any_size(predictor: Predictor, photo: np.ndarray) -> None:
    trace, prediction = predictor.analyse(photo)
    for task, answer in prediction.items():
        again = predictor.answer(task, trace.logits[task], (120, 160))
        np.testing.assert_array_equal(again.array, answer.array)
        assert (again.classes, again.unit) == (answer.classes, answer.unit)
        assert predictor.answer(task, trace.logits[task], (30, 40)).array.shape[:2] == (30, 40)


def test_an_answer_of_another_kind_is_no_picture_of_classes_or_millimetres(
    predictor: Predictor, photo: np.ndarray
) -> None:
    prediction = predictor(photo)
    with pytest.raises(ValueError, match="depth has no classes"):
        prediction["depth"].indexed()
    with pytest.raises(ValueError, match="semseg is not told in metres"):
        prediction["semseg"].millimetres()


def test_classes_and_depth_are_files_that_other_programs_read(predictor: Predictor, photo: np.ndarray) -> None:
    prediction = predictor(photo)
    labels, depth = prediction["semseg"].indexed(), replace(prediction["depth"], array=np.float32([[1.2344, 70, 0]]))
    np.testing.assert_array_equal(np.asarray(labels), prediction["semseg"].array)
    np.testing.assert_array_equal(np.asarray(labels.convert("RGB")), prediction["semseg"].picture())
    assert depth.millimetres().tolist() == [[1234, 65535, 0]]


def test_one_analysis_gives_trace_and_prediction_of_the_same_pass(predictor: Predictor, photo: np.ndarray) -> None:
    trace, prediction = predictor.analyse(photo)
    assert trace["stages.0.bridge"].shape[0] == 1
    labels = nn.functional.interpolate(trace.logits["semseg"], (120, 160), mode="bilinear").argmax(1)[0]
    np.testing.assert_array_equal(prediction["semseg"].array, labels.numpy())
    assert torch.equal(predictor.trace(photo)["fused.depth"], trace["fused.depth"])


def test_path_bytes_and_pil_image_mean_the_same_photo(predictor: Predictor, photo: np.ndarray, tmp_path: Path) -> None:
    path, file = tmp_path / "photo.png", BytesIO()
    Image.fromarray(photo).save(path)
    Image.fromarray(photo).save(file, "PNG")
    expected = predictor(photo)["depth"].array
    for source in (path, str(path), file.getvalue(), Image.open(path)):
        np.testing.assert_array_equal(predictor(source)["depth"].array, expected)


def test_arrays_tensors_and_open_files_mean_the_same_photo(
    predictor: Predictor, photo: np.ndarray, tmp_path: Path
) -> None:
    path, file = tmp_path / "photo.png", BytesIO()
    Image.fromarray(photo).save(path)
    Image.fromarray(photo).save(file, "PNG")  # The file now stands at its end.
    tensor = torch.from_numpy(photo)
    expected = predictor.network_input(photo)
    with path.open("rb") as opened:
        sources = [file, opened, bytearray(file.getvalue()), memoryview(file.getvalue()), tensor]
        sources += [tensor.permute(2, 0, 1), tensor.permute(2, 0, 1)[None] / 255, photo.transpose(2, 0, 1)]
        sources += [tensor.double() / 255, (photo / 255).transpose(2, 0, 1), (tensor / 255).requires_grad_()]
        for source in sources:
            assert torch.equal(predictor.network_input(source), expected)
    assert predictor(torch.rand(3, 64, 64))["depth"].array.shape == (64, 64)
    grey = torch.rand(1, 40, 50)
    assert torch.equal(predictor.network_input(grey), predictor.network_input(grey[0]))
    assert predictor(torch.rand(3, 40, 50).bfloat16())["depth"].array.shape == (40, 50)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "None is not an image. Give a path"),
        (lambda path: [1, 2], "A list is not an image"),
        (lambda path: {"image": 1}, "A dict is not an image"),
        (lambda path: 7, "An int is not an image"),
        (lambda path: "https://example.org/a.jpg", "not fetched from the network"),
        (lambda path: torch.rand(2, 3, 64, 64), "batch: give one image at a time"),
        (lambda path: torch.rand(5, 64, 64), r"shape \(5, 64, 64\) is not an image"),
        (lambda path: torch.randn(3, 64, 64), "before normalisation"),
        (lambda path: torch.rand(3, 64, 64) * 255, "Divide by"),
        (lambda path: torch.full((3, 64, 64), torch.nan), "not finite"),
        (lambda path: torch.ones(3, 64, 64, dtype=torch.int64), "int64"),
        (lambda path: path.open(), "rb"),
        (lambda path: BytesIO(), "empty"),
        (lambda path: closed(path), "closed"),
    ],
)
def test_what_is_no_image_is_told_which_kinds_are(
    predictor: Predictor, tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    path = tmp_path / "note.png"
    path.write_bytes(b"\x89PNG\xff")
    with pytest.raises(ImageError, match=words):
        predictor(make(path))


def closed(path: Path) -> object:
    file = path.open("rb")
    file.close()
    return file


def test_a_large_photo_is_answered_at_1024_pixels(predictor: Predictor) -> None:
    prediction = predictor(np.zeros((1500, 2000, 3), np.uint8))
    assert prediction["semseg"].array.shape == (768, 1024)
    assert prediction.image.shape == (768, 1024, 3)


@pytest.mark.parametrize(
    ("photo", "learnt", "size"),
    [
        ((480, 640), (96, 128), (96, 128)),
        ((640, 480), (96, 128), (128, 96)),
        ((480, 640), (256, 320), (256, 320)),
        ((480, 640), (448, 576), (448, 576)),
        ((300, 300), (512, 512), (512, 512)),
        ((32, 256), (96, 128), (32, 320)),
    ],
)
def test_the_network_sees_the_proportions_of_the_photo_at_the_area_it_learnt(
    photo: tuple[int, int], learnt: tuple[int, int], size: tuple[int, int]
) -> None:
    assert fit_size(photo, learnt) == size


def test_a_saved_checkpoint_predicts_the_same_after_loading(
    predictor: Predictor, photo: np.ndarray, tmp_path: Path
) -> None:
    save_model(tmp_path / "tiny", predictor.model, predictor.config, {"depth": {"rmse": 1.0}}, "A card.")
    loaded = Predictor.load(tmp_path / "tiny")
    np.testing.assert_array_equal(loaded(photo)["depth"].array, predictor(photo)["depth"].array)
    assert loaded.name == "tiny" and loaded.metrics == {"depth": {"rmse": 1.0}}


def test_a_missing_checkpoint_names_those_that_are_there(predictor: Predictor, tmp_path: Path) -> None:
    save_model(tmp_path / "tiny", predictor.model, predictor.config, {}, "A card.")
    with pytest.raises(CheckpointError, match=str(tmp_path / "tiny")):
        Predictor.load(tmp_path / "tinny")


def test_an_absent_device_is_refused_with_advice(predictor: Predictor, tmp_path: Path) -> None:
    save_model(tmp_path / "tiny", predictor.model, predictor.config, {}, "A card.")
    for device in ("cuda:97", "toaster"):
        with pytest.raises(ValueError, match="This machine has: cpu"):
            Predictor.load(tmp_path / "tiny", device)


def test_threads_get_the_same_answers_as_one_alone(predictor: Predictor, photo: np.ndarray) -> None:
    photos = [np.roll(photo, shift, axis=1) for shift in (0, 20, 40, 60)]
    expected = [predictor(entry)["depth"].array for entry in photos]
    answers: list[np.ndarray | None] = [None] * 4

    def ask(index: int) -> None:
        answers[index] = predictor(photos[index])["depth"].array

    threads = [Thread(target=ask, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer, wanted in zip(answers, expected, strict=True):
        np.testing.assert_allclose(answer, wanted, atol=1e-6)


def test_no_gradient_is_kept_and_an_unusable_image_leaves_the_predictor_usable(
    predictor: Predictor, photo: np.ndarray
) -> None:
    with pytest.raises(ImageError):
        predictor(b"no image")
    assert not predictor.trace(photo)["fused.depth"].requires_grad
    assert all(parameter.grad is None for parameter in predictor.model.parameters())


def test_a_task_that_the_network_lacks_is_named_with_those_it_has(predictor: Predictor, photo: np.ndarray) -> None:
    prediction = predictor(photo)
    without = replace(prediction, tasks={"semseg": prediction["semseg"], "depth": prediction["depth"]})
    with pytest.raises(KeyError, match="It predicts: semseg, depth"):
        without["edge"]


def test_a_network_that_reads_other_images_is_refused_for_single_photos(tmp_path: Path) -> None:
    preset = PRESETS["rooms-tiny"]
    config = replace(preset, model=replace(preset.model, bridge_reads="foreign"))
    save_model(tmp_path / "foreign", build_model(config.model), config, {}, "A control.")
    with pytest.raises(CheckpointError, match=r"foreign reads the tasks of another image.*Choose another checkpoint"):
        Predictor.load(tmp_path / "foreign")


def test_a_network_in_training_mode_answers_as_in_evaluation_and_is_not_changed(
    predictor: Predictor, photo: np.ndarray
) -> None:
    expected, before = predictor(photo)["depth"].array, {**predictor.model.state_dict()}
    kept = {name: value.clone() for name, value in before.items()}
    predictor.model.train()
    try:
        np.testing.assert_array_equal(predictor(photo)["depth"].array, expected)
        assert predictor.model.training
        assert all(torch.equal(value, kept[name]) for name, value in before.items())
    finally:
        predictor.model.eval()
