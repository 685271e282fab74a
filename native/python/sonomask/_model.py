"""The network and images that are open for corrections."""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
import time
from collections import deque
from typing import Any, Deque, Iterable, Optional, Tuple

import numpy as np
from numpy.typing import NDArray

from . import _library as c
from ._errors import SonomaskError, refused
from ._images import Decoded
from ._inputs import Encoded, ImageInput, Regions, checked_regions, image_of, is_encoded, pixels_of, plane_of
from ._inputs import prompts_of, read, refuse_nan, segment_options, share
from ._results import describe, lesions_of, operating_point_of, segmentation_of
from ._state import Network, State, Threads, usable
from ._types import Measurement, ModelInfo, Segmentation

_MOST_IDLE = 8  # states that are kept for later calls
_MOST_IDLE_BYTES = 128 * 1024 * 1024  # a larger one is released after the call


class Model:
    """One network with its weights: ``Model.load()``.

    Any number of threads may use a model at the same time; each call takes working memory of its own, and the
    interpreter's lock is released while the library computes. After ``os.fork`` the child may use it, too.
    """

    def __init__(self, network: Network, threads: Threads) -> None:
        self._network: Optional[Network] = network
        self._threads = threads
        #: Of the weights file, hexadecimal.
        self.weights_sha256 = ""
        self._idle: Deque[State] = deque()  # append and pop are atomic
        info = network.describe()
        points = list(info.operating_points) if info.has_decision else []
        #: Metadata of the weights file, and how it runs.
        self.info = ModelInfo(
            version=c.library().sm_version().decode("ascii"),
            threads=threads.count,
            network=info.network.decode("utf-8", "replace"),
            input_size=info.input_size,
            threshold=info.threshold,
            temperature=info.temperature,
            minimum_area=info.minimum_area,
            knows_outliers=info.knows_outliers,
            expected_dice_power=info.expected_dice_power,
            takes_prompts=info.takes_prompts,
            has_decision=info.has_decision,
            operating_points=[operating_point_of(point) for point in points],
            training_data=info.training_data.decode("utf-8", "replace"),
            date=info.date.decode("utf-8", "replace"),
        )

    @classmethod
    def load(
        cls,
        weights: Optional[Encoded] = None,
        *,
        threads: Optional[int] = None,
        input_size: Optional[int] = None,
        backend: str = "auto",
    ) -> "Model":
        """Loads weights, a safetensors file by its path or its bytes; by default the package's own.

        ``threads`` work on one image; by default one per usable processor. ``input_size`` is the side of the network's
        input, a multiple of 32 from 32 to 1024; by default that of the weights. ``backend`` is for tests: "auto",
        "reference", "scalar", "simd128", "avx2" or "avx512".

        Raises ``io``, ``weights``, ``argument``, ``memory`` or ``load-library``.
        """
        if backend not in c.BACKENDS:
            raise refused(f"backend must be one of {', '.join(c.BACKENDS)}, not {backend!r}")
        count = _whole(threads, "threads", 1, 256)
        size = _whole(input_size, "input_size", 32, 1024)
        c.library()  # its error is clearer than that of missing weights
        source: Encoded = c.WEIGHTS_PATH if weights is None else weights
        if not is_encoded(source):
            raise refused(f"weights must be a path or the bytes of a file, not {type(source).__name__}")
        data, name = read(source)
        model = cls(Network(data, name, c.BACKENDS.index(backend), size), Threads(count))
        model.weights_sha256 = hashlib.sha256(data).hexdigest()
        return model

    def __repr__(self) -> str:
        return f"<Model {self.info.network} {self.info.input_size}x{self.info.input_size}, {self.info.threads} threads>"

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, *_: Any) -> None:
        self.dispose()

    def dispose(self) -> None:
        """Releases the memory when calls of other threads and open images have ended; later calls raise ``disposed``.
        May be called again. Without it the memory is released with the object."""
        self._network = None
        self._idle.clear()

    @property
    def memory_bytes(self) -> int:
        """Bytes that the weights and the idle working memory occupy now."""
        network = self._network
        if network is None:
            return 0
        return int(network.describe().bytes) + sum(state.bytes for state in list(self._idle))

    def _take(self) -> State:
        network = self._network
        if network is None:
            raise SonomaskError("disposed", "this model has been disposed of")
        try:
            while True:
                state = self._idle.pop()
                if state.is_usable:
                    return state
        except IndexError:
            pass
        threads = self._threads
        if threads.process != os.getpid():
            self._threads = threads = Threads(threads.count)
        return State(network, threads)

    def _give_back(self, state: State) -> None:
        if self._network is not None and len(self._idle) < _MOST_IDLE and state.bytes <= _MOST_IDLE_BYTES:
            self._idle.append(state)

    def segment(
        self,
        source: ImageInput,
        *,
        threshold: Optional[float] = None,
        minimum_area: Optional[float] = None,
        operating_point: Optional[float] = None,
        flip_average: bool = False,
        regions: Regions = "auto",
    ) -> Segmentation:
        """Segments an image: a path, the bytes of a PNG, JPEG or BMP file, or a uint8 array [height, width] (grey) or
        [height, width, 1, 3 or 4] (grey, RGB, RGBA; transparency is not used).

        ``threshold``: a pixel is lesion when its probability is at least this. ``minimum_area``: lesions below this
        share of the image are dropped. Both are 0..1, by default the model's own. ``operating_point``: the share of
        lesion images in which a lesion still counts, 0.8, 0.9 or 0.95 (default). ``flip_average`` also segments the
        mirrored image and averages: twice the time, a little more accurate.

        ``regions``: where the ultrasound pictures in the image are. "auto" finds them when the image is that of a whole
        scanner screen; "whole": the image is the picture; or 1 to 16 rectangles (x, y, width, height), which must not
        overlap and of which the parts in the image count. Each is answered for itself.

        Raises ``argument``, ``io``, ``image-...``, ``memory`` or ``disposed``.
        """
        options = segment_options(threshold, minimum_area, operating_point, flip_average, regions)
        state = self._take()
        try:
            started = time.perf_counter()
            with Decoded(source) as image:
                result = state.segment(image.structure, options)
                return segmentation_of(image.structure, result, started)
        finally:
            self._give_back(state)

    def open(self, source: ImageInput) -> "OpenImage":
        """Decodes an image and keeps its pixels and features, for corrections with clicks and a box. A change of the
        caller's array afterwards has no effect."""
        if self._network is None:
            raise SonomaskError("disposed", "this model has been disposed of")
        with Decoded(source) as image:
            return OpenImage(self, image.copy())

    def measure(
        self,
        array: NDArray[Any],
        *,
        threshold: Optional[float] = None,
        minimum_area: Optional[float] = None,
        probability_map: Optional[NDArray[np.float32]] = None,
        image: Optional[NDArray[np.uint8]] = None,
        regions: Iterable[Tuple[int, int, int, int]] = (),
    ) -> Measurement:
        """Thresholds a stored probability map (float32) again, or measures an edited mask (uint8, 0 or not 0, or bool).

        ``threshold`` and ``minimum_area`` are by default the model's own for a map; for a mask ``minimum_area`` is 0.
        ``probability_map`` is for a mask: the map that gives the mean probability and the expected Dice. NaN is refused.

        ``image``: the pixels of the same height and width, uint8, as ``segment`` takes them; with it the lesions have
        ``descriptors``. ``regions``: the ultrasound pictures in it, rectangles (x, y, width, height). A lesion is
        described within the one that holds its centroid, enlarged to hold the outline; without any, in the whole image.
        """
        plane = plane_of(array, "the map or mask", (np.float32, np.uint8, np.bool_))
        height, width = plane.shape
        is_map = plane.dtype == np.float32
        if is_map and probability_map is not None:
            raise refused("probability_map is for masks only")
        values = plane if is_map else None
        if probability_map is not None:
            values = plane_of(probability_map, "probability_map", (np.float32,))
            if values.shape != plane.shape:
                raise refused(f"probability_map has the shape {values.shape}, the mask {plane.shape}")
        if values is not None:
            refuse_nan(values, "the map" if is_map else "probability_map")
        pixels, places = self._picture(image, plane.shape, regions)
        level = self.info.threshold if threshold is None else share(threshold, "threshold")
        least = share(minimum_area, "minimum_area")
        if minimum_area is None:
            least = self.info.minimum_area if is_map else 0.0
        library = c.library()
        if is_map:
            mask = np.empty((height, width), dtype=np.uint8)
            library.sm_mask_threshold(plane.ctypes.data, plane.size, level, mask.ctypes.data)
        else:
            mask = np.where(plane, np.uint8(255), np.uint8(0))
        lesions, count, error = ctypes.POINTER(c.Lesion)(), ctypes.c_int(), c.Error()
        # Rounded as sm_segment does, so that both drop the same lesions.
        least_pixels = int(float(np.float32(least)) * plane.size)
        status = library.sm_mask_components(
            mask.ctypes.data,
            width,
            height,
            least_pixels,
            None if values is None else values.ctypes.data,
            None,
            ctypes.byref(lesions),
            ctypes.byref(count),
            ctypes.byref(error),
        )
        c.check(status, error)
        try:
            described = None
            if pixels is not None:
                described = describe(image_of(pixels), mask.ctypes.data, lesions, count.value, places, len(places))
            power = self.info.expected_dice_power
            return Measurement(mask=mask, lesions=lesions_of(lesions, count.value, power, described))
        finally:
            library.sm_free(lesions)

    @staticmethod
    def _picture(
        image: Optional[NDArray[np.uint8]], shape: Tuple[int, ...], regions: Iterable[Tuple[int, int, int, int]]
    ) -> Tuple[Optional[NDArray[np.uint8]], Any]:
        """Checked pixels and regions for the description of a mask."""
        given = checked_regions(list(regions) or "whole")
        rectangles = () if isinstance(given, str) else given
        places = (c.Region * len(rectangles))(*(c.Region(*rectangle) for rectangle in rectangles))
        if image is None:
            return None, places
        if not isinstance(image, np.ndarray):
            raise refused(f"image must be an array of uint8, not {type(image).__name__}")
        pixels = pixels_of(image)
        if pixels.shape[:2] != shape:
            raise refused(f"image has the height and width {pixels.shape[:2]}, the mask {shape}")
        return pixels, places


class OpenImage:
    """An image that was opened for corrections: ``model.open(source)``. Several images may be open, each with working
    memory of its own. Calls of several threads for one image run one after the other."""

    def __init__(self, model: Model, pixels: NDArray[np.uint8]) -> None:
        self._model = model
        self._pixels: Optional[NDArray[np.uint8]] = pixels
        self._state: Optional[State] = None
        self._has_features = False  # of the image itself, not of its average with the mirrored one
        self._regions: Regions = "auto"  # of the features
        self._lock = threading.Lock()
        self._process = os.getpid()
        self.height, self.width = pixels.shape[:2]

    def __repr__(self) -> str:
        return f"<OpenImage {self.width}x{self.height}{', closed' if self._pixels is None else ''}>"

    def __enter__(self) -> "OpenImage":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _own_lock(self) -> threading.Lock:
        # In a forked child: a thread of the parent may have held it.
        if self._process != os.getpid():
            self._lock = threading.Lock()
            self._process = os.getpid()
        return self._lock

    def _working(self) -> State:
        state = usable(self._state)
        if state is None:
            self._has_features = False
            self._state = state = self._model._take()
        return state

    def _open_pixels(self) -> NDArray[np.uint8]:
        if self._pixels is None:
            raise SonomaskError("closed", "this image has been closed")
        if self._model._network is None:
            raise SonomaskError("disposed", "the model of this image has been disposed of")
        return self._pixels

    def segment(
        self,
        *,
        threshold: Optional[float] = None,
        minimum_area: Optional[float] = None,
        operating_point: Optional[float] = None,
        flip_average: bool = False,
        regions: Regions = "auto",
    ) -> Segmentation:
        """As ``Model.segment``; the features of the image are kept for ``refine``."""
        given = checked_regions(regions)
        options = segment_options(threshold, minimum_area, operating_point, flip_average, given)
        with self._own_lock():
            pixels = self._open_pixels()
            started = time.perf_counter()
            state = self._working()
            self._has_features = False
            image = image_of(pixels)
            result = state.segment(image, options)
            self._has_features, self._regions = not options.flip_average, given
            return segmentation_of(image, result, started)

    def refine(
        self,
        clicks: Iterable[Tuple[float, float, bool]] = (),
        box: Optional[Tuple[float, float, float, float]] = None,
        *,
        threshold: Optional[float] = None,
        minimum_area: Optional[float] = None,
        operating_point: Optional[float] = None,
        regions: Regions = "auto",
    ) -> Segmentation:
        """The answer with all clicks, each a ``Click(x, y, inside)``, and a ``Box(x, y, width, height)``. Only the
        decoder of the network runs, unless the image was not segmented yet: then it is first.

        A click inside always lies in an outline of the answer; a click outside lies in none. A box always holds an
        outline, and the outline of the lesion in it does not leave it. Clicks and box change the answer of the regions
        that they are in; the box belongs to the region with the largest part of it. The answer depends on the image, the options
        and these prompts, not on earlier calls; without prompts it is that of ``segment``.

        Raises ``no-prompts`` when the weights take none; ``argument`` for a click or box that is not finite or outside
        the image or of all its regions, a box of no area, more than 1000 clicks, and prompts that contradict each
        other; ``closed``.
        """
        given = checked_regions(regions)
        options = segment_options(threshold, minimum_area, operating_point, regions=given)
        prompts = prompts_of(clicks, box)
        with self._own_lock():
            pixels = self._open_pixels()
            if not self._model.info.takes_prompts:
                raise SonomaskError(
                    "no-prompts", f"the weights ({self._model.info.network}) take no clicks: they are not sonomask2"
                )
            started = time.perf_counter()
            state = self._working()
            if not self._has_features or self._regions != given:
                self._has_features = False
                state.segment(image_of(pixels), options)
                self._has_features, self._regions = True, given
            return segmentation_of(image_of(pixels), state.refine(prompts, options), started)

    def close(self) -> None:
        """Releases the pixels and features; later calls raise ``closed``. May be called again."""
        with self._own_lock():
            state, self._state, self._pixels = usable(self._state), None, None
            if state is not None:
                self._model._give_back(state)


def _whole(value: Optional[int], name: str, low: int, high: int) -> int:
    """A whole number within the limits; 0 for None."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
        raise refused(f"{name} must be a whole number from {low} to {high}, not {value!r}")
    return int(value)
