"""Checks of arguments: wrong ones raise a SonomaskError with the code ``argument``."""

from __future__ import annotations

import ctypes
import operator
import os
from typing import Any, Iterable, Optional, Sequence, Tuple, Union

import numpy as np
from numpy.typing import NDArray

from . import _library as c
from ._errors import SonomaskError, refused
from ._types import Box, Click

#: The path of a file, or the bytes of one.
Encoded = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview]
#: An image file (PNG, JPEG or BMP) by its path or its bytes, or pixels: uint8 [height, width] or
#: [height, width, 1, 3 or 4] (grey, RGB, RGBA).
ImageInput = Union[Encoded, NDArray[np.uint8]]

_MOST_PIXELS = 64_000_000
_HINTS = {
    "u": "scale its range to 0..255 first, for example (array >> 8).astype(np.uint8) for the whole range of 16 bits",
    "i": "scale its range to 0..255 first, and convert it with .astype(np.uint8)",
    "f": "scale its range to 0..255 first, for example (255 * array).round().astype(np.uint8) for 0..1, without NaN",
    "b": "convert it first: 255 * array.astype(np.uint8)",
}


def read(source: Encoded) -> Tuple[bytes, str]:
    """The bytes of a file, and its path for messages ("" for bytes). Raises ``io``."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source), ""
    path = os.fspath(source)
    if not isinstance(path, str):
        raise refused("a path must be text")
    try:
        with open(path, "rb") as file:
            return file.read(), path
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SonomaskError("io", f"{path}: {reason}") from error


def is_encoded(source: object) -> bool:
    return isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview))


def pixels_of(array: NDArray[Any]) -> NDArray[np.uint8]:
    """The pixels as C-contiguous uint8 [height, width, channels]. Copies only what is not laid out so."""
    if isinstance(array, np.ma.MaskedArray) and np.any(array.mask):
        raise refused("the array has masked pixels: give them a value first, for example array.filled(0)")
    if array.dtype != np.uint8:
        hint = _HINTS.get(array.dtype.kind, "convert it to np.uint8 first")
        raise refused(f"the pixels are {array.dtype} instead of uint8: {hint}")
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise refused(
            f"an array of shape {array.shape} is not one image: "
            "expected (height, width) or (height, width, channels) with 1, 3 or 4 channels"
        )
    _check_size(array.shape[1], array.shape[0])
    return np.ascontiguousarray(array)


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise SonomaskError("image-too-small", f"an image of {width} x {height} pixels")
    if width * height > _MOST_PIXELS:
        raise SonomaskError("image-too-large", f"an image of {width} x {height} pixels; at most 64 megapixels")


def image_of(pixels: NDArray[np.uint8]) -> c.Image:
    """A view of ``pixels``, which must outlive it."""
    height, width, channels = pixels.shape
    return c.Image(width=width, height=height, channels=channels, pixels=pixels.ctypes.data)


def plane_of(array: NDArray[Any], what: str, kinds: Sequence[Any]) -> NDArray[Any]:
    """A C-contiguous [height, width] array of one of ``kinds``."""
    if not isinstance(array, np.ndarray) or array.dtype not in kinds:
        given = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise refused(f"{what} must be an array of {' or '.join(np.dtype(k).name for k in kinds)}, not {given}")
    if array.ndim != 2:
        raise refused(f"{what} must have the shape (height, width), not {array.shape}")
    _check_size(array.shape[1], array.shape[0])
    return np.ascontiguousarray(array)


def refuse_nan(values: NDArray[np.float32], what: str) -> None:
    # Every comparison with NaN is false, so a damaged map would look like an image without a lesion.
    if np.isnan(values.min()):
        raise refused(f"{what} contains NaN")


def number(value: Any, name: str) -> float:
    try:
        if isinstance(value, (str, bytes)):  # float() would read them
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise refused(f"{name} must be a number, not {value!r}") from error


def share(value: Optional[float], name: str) -> float:
    """A number from 0 to 1, or -1 (the model's own) for None."""
    if value is None:
        return -1.0
    given = number(value, name)
    if not 0.0 <= given <= 1.0:  # false for NaN
        raise refused(f"{name} must be a number from 0 to 1, not {value!r}")
    return given


#: Where the ultrasound pictures are: "auto", "whole", or rectangles (x, y, width, height).
Regions = Union[str, Iterable[Tuple[int, int, int, int]]]


def checked_regions(regions: Regions) -> Union[str, Tuple[Tuple[int, int, int, int], ...]]:
    """The regions, copied. Their values are checked by the library."""
    if isinstance(regions, str):
        if regions not in ("auto", "whole"):
            raise refused(f'regions must be "auto", "whole" or rectangles (x, y, width, height), not {regions!r}')
        return regions
    try:
        given = [tuple(operator.index(value) for value in region) for region in regions]
    except TypeError as error:
        raise refused("regions must be rectangles (x, y, width, height) of whole numbers of pixels") from error
    if not 1 <= len(given) <= c.MOST_REGIONS or any(len(region) != 4 for region in given):
        raise refused(f"regions must be 1 to {c.MOST_REGIONS} rectangles (x, y, width, height)")
    if any(abs(value) > 0x7FFFFFFF for region in given for value in region):
        raise refused("a number of a region is too large")
    return tuple((x, y, width, height) for x, y, width, height in given)


def segment_options(
    threshold: Optional[float],
    minimum_area: Optional[float],
    operating_point: Optional[float],
    flip_average: bool = False,
    regions: Regions = "auto",
) -> c.SegmentOptions:
    options: c.SegmentOptions = c.library().sm_segment_options_default()
    options.threshold = share(threshold, "threshold")
    options.minimum_area = share(minimum_area, "minimum_area")
    options.flip_average = bool(flip_average)
    if operating_point is not None:
        if operating_point not in (0.8, 0.9, 0.95):
            raise refused(f"operating_point must be 0.8, 0.9 or 0.95, not {operating_point!r}")
        options.operating_point = float(operating_point)
    given = checked_regions(regions)
    options.find_regions = given == "auto"
    if not isinstance(given, str):
        options.regions = (c.Rectangle * len(given))(*(c.Rectangle(*region) for region in given))
        options.region_count = len(given)
    return options


def prompts_of(clicks: Iterable[Tuple[float, float, bool]], box: Optional[Tuple[float, float, float, float]]) -> c.Prompts:
    """Clicks and box for the library, which checks their values. The structure keeps its arrays alive."""
    try:
        given = [Click(*click) for click in clicks]
        rectangle = None if box is None else Box(*box)
    except TypeError as error:
        raise refused("clicks must be a list of Click(x, y, inside), and box a Box(x, y, width, height)") from error
    array = (c.Click * len(given))()
    for index, click in enumerate(given):
        name = f"click {index + 1}"
        if not isinstance(click.inside, (bool, np.bool_)):
            raise refused(f"inside of {name} must be True or False, not {click.inside!r}")
        array[index] = c.Click(number(click.x, f"x of {name}"), number(click.y, f"y of {name}"), bool(click.inside))
    prompts = c.Prompts(clicks=array if given else None, click_count=len(given))
    if rectangle is not None:
        prompts.box = ctypes.pointer(c.Box(*(number(value, "a side of the box") for value in rectangle)))
    return prompts
