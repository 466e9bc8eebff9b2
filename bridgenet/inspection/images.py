"""Images as they are asked about: RGB in 0..1, one by one, and refused where they are anything else."""

from collections.abc import Iterable

from torch import Tensor
from torch.nn import functional as F

from bridgenet.shapes import Image


def check_image(image: Tensor) -> None:
    """Makes sure that a tensor is an image.

    Raises:
        ValueError: It is no float tensor (3, height, width), or holds values outside 0..1, or such that are no number.
    """
    if not isinstance(image, Tensor) or image.ndim != 3 or len(image) != 3 or not image.is_floating_point():
        found = f"{image.dtype} {tuple(image.shape)}" if isinstance(image, Tensor) else type(image).__name__
        raise ValueError(f"Images are float tensors (3, height, width), RGB in 0..1, not {found}.")
    low, high = float(image.min()), float(image.max())
    if not (low >= 0 and high <= 1):
        advice = "divide by 255?" if bool(image.isfinite().all()) else "replace what is not finite."
        raise ValueError(f"RGB values lie in 0..1, here in {low:.3g}..{high:.3g}: {advice}")


def one_image(images: Image) -> Image:
    """A copy that may be differentiated, of the only image there is.

    Raises:
        ValueError: There are several, or it is none.
    """
    if images.ndim != 4 or len(images) != 1:
        raise ValueError(
            f"A map is made for one image at a time, (1, 3, height, width), got {tuple(images.shape)}. "
            "Give images[i:i + 1]."
        )
    check_image(images[0])
    return images.detach().clone()


def single_images(images: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """Images (3, height, width) one by one, from a batch, from one alone, or from several of any sizes.

    Raises:
        ValueError: There is none, or one of them is none.
    """
    images = images[None] if isinstance(images, Tensor) and images.ndim == 3 else images
    pictures = [image[0] if image.ndim == 4 and len(image) == 1 else image for image in images]
    if not pictures:
        raise ValueError("An interaction matrix needs at least one image.")
    for picture in pictures:
        check_image(picture)
    return pictures


def fitted(partner: Tensor, picture: Tensor) -> Tensor:
    """Another image, (3, height, width) or a batch of it alone, resized to a picture where it has another size.

    Raises:
        ValueError: It is no image.
    """
    partner = partner[0] if partner.ndim == 4 else partner
    check_image(partner)
    if partner.shape == picture.shape:
        return partner
    size = picture.shape[-2:]
    return F.interpolate(partner[None], size, mode="bilinear", align_corners=False, antialias=True)[0].clamp(0, 1)
