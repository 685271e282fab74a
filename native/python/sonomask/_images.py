"""Image files and masks, without a network."""

from __future__ import annotations

import ctypes
from typing import Any, List

import numpy as np
from numpy.typing import NDArray

from . import _library as c
from ._errors import refused
from ._inputs import Encoded, ImageInput, image_of, is_encoded, pixels_of, plane_of, read
from ._results import contour_of
from ._types import Contour


class Decoded:
    """Pixels for the library: of a file, which the library decoded and releases, or of the caller's array."""

    def __init__(self, source: ImageInput) -> None:
        self.structure = c.Image()
        self._pixels = None
        self._owned = False
        if is_encoded(source):
            data, path = read(source)  # type: ignore[arg-type]
            error = c.Error()
            status = c.library().sm_image_decode(data, len(data), ctypes.byref(self.structure), ctypes.byref(error))
            c.check(status, error, path)
            self._owned = True
        elif isinstance(source, np.ndarray):
            self._pixels = pixels_of(source)
            self.structure = image_of(self._pixels)
        else:
            raise refused(
                f"expected a path, the bytes of an image file or a NumPy array, not {type(source).__name__}"
            )

    def __enter__(self) -> "Decoded":
        return self

    def __exit__(self, *_: Any) -> None:
        if self._owned:
            c.library().sm_image_free(ctypes.byref(self.structure))

    def copy(self) -> NDArray[np.uint8]:
        """[height, width, channels]."""
        image = self.structure
        pixels: NDArray[np.uint8] = np.empty((image.height, image.width, image.channels), dtype=np.uint8)
        ctypes.memmove(pixels.ctypes.data, image.pixels, pixels.nbytes)
        return pixels


def decode(source: Encoded) -> NDArray[np.uint8]:
    """The pixels of a PNG, JPEG or BMP file, by its path or its bytes: grey [height, width], or RGB or RGBA
    [height, width, 3 or 4]. 16 bits are reduced to 8, and the EXIF orientation is applied."""
    if not is_encoded(source):
        raise refused(f"expected a path or the bytes of an image file, not {type(source).__name__}")
    with Decoded(source) as image:
        pixels = image.copy()
    return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """The PNG file of a mask, or of grey, RGB or RGBA pixels (uint8)."""
    if not isinstance(pixels, np.ndarray):
        raise refused(f"expected a NumPy array, not {type(pixels).__name__}")
    contiguous = pixels_of(pixels)
    image = image_of(contiguous)
    address, size, error = ctypes.c_void_p(), ctypes.c_size_t(), c.Error()
    library = c.library()
    status = library.sm_image_encode_png(
        ctypes.byref(image), ctypes.byref(address), ctypes.byref(size), ctypes.byref(error)
    )
    c.check(status, error)
    try:
        return ctypes.string_at(address.value or 0, size.value)
    finally:
        library.sm_free(address)


def contours(mask: NDArray[Any]) -> List[Contour]:
    """All outlines of a mask [height, width] of uint8 (0 or not 0) or bool."""
    plane = plane_of(mask, "the mask", (np.uint8, np.bool_))
    height, width = plane.shape
    found, error = c.Contours(), c.Error()
    library = c.library()
    status = library.sm_mask_contours(
        plane.ctypes.data, width, height, ctypes.byref(found), ctypes.byref(error)
    )
    c.check(status, error)
    try:
        return [contour_of(found.items[index]) for index in range(found.count)]
    finally:
        library.sm_contours_free(ctypes.byref(found))
