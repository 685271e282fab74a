"""The shared library by ctypes: structures and functions of src/sonomask.h. Calls release the interpreter's lock."""

from __future__ import annotations

import ctypes
import os
import platform
import threading
from ctypes import POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_float, c_int, c_size_t, c_uint8, c_uint32
from ctypes import c_uint, c_uint64, c_void_p
from typing import Any, List, Optional, Tuple, Type

from ._errors import SonomaskError

FOLDER = os.path.dirname(os.path.abspath(__file__))
LIBRARY_PATH = os.path.join(FOLDER, "libsonomask.so")
WEIGHTS_PATH = os.path.join(FOLDER, "sonomask.safetensors")

CLASSES = ("normal", "benign", "malignant")
WARNINGS = ("tinted", "overlay", "photograph", "no-scan", "views", "small-scan")  # by bit
BACKENDS = ("auto", "reference", "scalar", "simd128", "avx2", "avx512")
ABI_VERSION = 0  # the reserved fields below belong to this one
OPERATING_POINTS = 3
MOST_REGIONS = 16
MARGIN_SIGNS = 4


class Error(Structure):
    _fields_ = [("status", c_int), ("message", c_char * 512)]


class Image(Structure):
    _fields_ = [("width", c_int), ("height", c_int), ("channels", c_int), ("pixels", c_void_p)]


class Point(Structure):
    _fields_ = [("x", c_float), ("y", c_float)]


class Lesion(Structure):
    _fields_ = [
        ("label", c_int),
        ("area", c_int),
        ("left", c_int),
        ("top", c_int),
        ("width", c_int),
        ("height", c_int),
        ("centroid", Point),
        ("long_axis", c_float),
        ("long_axis_ends", Point * 2),
        ("short_axis", c_float),
        ("short_axis_ends", Point * 2),
        ("perimeter", c_float),
        ("circularity", c_float),
        ("orientation", c_float),
        ("mean_probability", c_float),
        ("expected_dice", c_float),
        ("presence", c_float),
        ("margin", c_float),
        ("region", c_int),
        ("reserved", c_uint32 * 5),
    ]


class Contour(Structure):
    _fields_ = [("points", POINTER(c_float)), ("point_count", c_int), ("is_hole", c_int)]


class Contours(Structure):
    _fields_ = [("items", POINTER(Contour)), ("count", c_int)]


class ModelOptions(Structure):
    _fields_ = [("backend", c_int), ("input_size", c_int), ("reserved", c_uint64 * 6)]


class OperatingPoint(Structure):
    _fields_ = [("kept", c_float), ("presence", c_float), ("missed", c_float)]


class ModelInfo(Structure):
    _fields_ = [
        ("network", c_char_p),
        ("input_size", c_int),
        ("threshold", c_float),
        ("temperature", c_float),
        ("minimum_area", c_float),
        ("training_data", c_char_p),
        ("date", c_char_p),
        ("expected_dice_power", c_float),
        ("knows_outliers", c_bool),
        ("bytes", c_uint64),
        ("takes_prompts", c_bool),
        ("has_decision", c_bool),
        ("operating_points", OperatingPoint * OPERATING_POINTS),
        ("reserved", c_uint64 * 3),
    ]


class Parallel(Structure):
    _fields_ = [("threads", c_int), ("pool", c_void_p), ("run", c_void_p)]


class StateOptions(Structure):
    _fields_ = [("parallel", POINTER(Parallel)), ("reserved", c_uint64 * 7)]


class Rectangle(Structure):
    _fields_ = [("x", c_int), ("y", c_int), ("width", c_int), ("height", c_int)]


class SegmentOptions(Structure):
    _fields_ = [
        ("threshold", c_float),
        ("minimum_area", c_float),
        ("flip_average", c_bool),
        ("operating_point", c_double),
        ("regions", POINTER(Rectangle)),
        ("region_count", c_int),
        ("find_regions", c_bool),
        ("reserved", c_uint64 * 3),
    ]


class Region(Structure):
    _fields_ = [
        ("x", c_int),
        ("y", c_int),
        ("width", c_int),
        ("height", c_int),
        ("type", c_int),
        ("probabilities", c_float * len(CLASSES)),
        ("presence", c_float),
        ("outlier_score", c_float),
        ("looks_like_ultrasound", c_bool),
        ("reserved", c_uint32 * 5),
    ]


class Result(Structure):
    _fields_ = [
        ("width", c_int),
        ("height", c_int),
        ("type", c_int),
        ("probabilities", c_float * len(CLASSES)),
        ("probability_map", c_void_p),
        ("mask", c_void_p),
        ("lesions", POINTER(Lesion)),
        ("lesion_count", c_int),
        ("expected_dice", c_float),
        ("outlier_score", c_float),
        ("looks_like_ultrasound", c_bool),
        ("refined", c_bool),
        ("presence", c_float),
        ("operating_point", OperatingPoint),
        ("possible", POINTER(Lesion)),
        ("possible_count", c_int),
        ("possible_mask", c_void_p),
        ("regions", POINTER(Region)),
        ("region_count", c_int),
        ("warnings", c_uint32),
        ("overlay_share", c_float),
    ]


class Click(Structure):
    _fields_ = [("x", c_float), ("y", c_float), ("inside", c_bool)]


class Box(Structure):
    _fields_ = [("x", c_float), ("y", c_float), ("width", c_float), ("height", c_float)]


class Prompts(Structure):
    _fields_ = [
        ("clicks", POINTER(Click)),
        ("click_count", c_int),
        ("box", POINTER(Box)),
        ("reserved", c_uint64 * 4),
    ]


class Descriptors(Structure):
    _fields_ = [
        ("shape", c_int),
        ("parallel", c_bool),
        ("margin", c_uint),
        ("echo", c_int),
        ("posterior", c_int),
        ("halo", c_bool),
        ("width", c_float),
        ("height", c_float),
        ("height_ratio", c_float),
        ("depth", c_float),
        ("axis_ratio", c_float),
        ("roughness", c_float),
        ("edge_contrast", c_float),
        ("weak_edge", c_float),
        ("corners", c_int),
        ("lobes", c_int),
        ("spicules", c_int),
        ("echo_ratio", c_float),
        ("echo_spread", c_float),
        ("posterior_ratio", c_float),
        ("halo_ratio", c_float),
        ("reserved", c_uint32 * 8),
    ]


# In the order of sonomask_structure_sizes (native/python/exports.c).
STRUCTURES: Tuple[Type[Structure], ...] = (
    Error,
    Image,
    Point,
    Lesion,
    Contour,
    Contours,
    ModelOptions,
    OperatingPoint,
    ModelInfo,
    Parallel,
    StateOptions,
    Rectangle,
    SegmentOptions,
    Region,
    Result,
    Click,
    Box,
    Prompts,
    Descriptors,
)

# Name, result, arguments. A model, a state and a pool of threads are opaque pointers.
_FUNCTIONS: List[Tuple[str, Any, List[Any]]] = [
    ("sm_version", c_char_p, []),
    ("sm_free", None, [c_void_p]),
    ("sm_status_name", c_char_p, [c_int]),
    (
        "sm_model_create",
        c_int,
        [c_char_p, c_size_t, POINTER(ModelOptions), POINTER(c_void_p), POINTER(Error)],
    ),
    ("sm_model_free", None, [c_void_p]),
    ("sm_model_describe", ModelInfo, [c_void_p]),
    ("sm_state_create", c_int, [c_void_p, POINTER(StateOptions), POINTER(c_void_p), POINTER(Error)]),
    ("sm_state_free", None, [c_void_p]),
    ("sm_state_bytes", c_size_t, [c_void_p]),
    ("sm_segment_options_default", SegmentOptions, []),
    (
        "sm_segment",
        c_int,
        [c_void_p, POINTER(Image), POINTER(SegmentOptions), POINTER(Result), POINTER(Error)],
    ),
    (
        "sm_refine",
        c_int,
        [c_void_p, POINTER(Prompts), POINTER(SegmentOptions), POINTER(Result), POINTER(Error)],
    ),
    ("sm_result_free", None, [POINTER(Result)]),
    ("sm_image_decode", c_int, [c_void_p, c_size_t, POINTER(Image), POINTER(Error)]),
    ("sm_image_free", None, [POINTER(Image)]),
    (
        "sm_image_encode_png",
        c_int,
        [POINTER(Image), POINTER(c_void_p), POINTER(c_size_t), POINTER(Error)],
    ),
    ("sm_mask_threshold", None, [c_void_p, c_int, c_float, c_void_p]),
    (
        "sm_mask_components",
        c_int,
        [c_void_p, c_int, c_int, c_int, c_void_p, c_void_p, POINTER(POINTER(Lesion)), POINTER(c_int), POINTER(Error)],
    ),
    (
        "sm_describe_lesions",
        c_int,
        [
            POINTER(Image),
            c_void_p,
            POINTER(Lesion),
            c_int,
            POINTER(Region),
            c_int,
            POINTER(Descriptors),
            POINTER(Error),
        ],
    ),
    ("sm_shape_name", c_char_p, [c_int]),
    ("sm_margin_sign_name", c_char_p, [c_int]),
    ("sm_echo_name", c_char_p, [c_int]),
    ("sm_posterior_name", c_char_p, [c_int]),
    ("sm_mask_contours", c_int, [c_void_p, c_int, c_int, POINTER(Contours), POINTER(Error)]),
    ("sm_contours_free", None, [POINTER(Contours)]),
    ("sonomask_threads_create", POINTER(Parallel), [c_int]),
    ("sonomask_threads_free", None, [POINTER(Parallel)]),
    ("sonomask_program", c_int, [c_int, POINTER(c_char_p)]),
    ("sonomask_structure_sizes", POINTER(c_size_t), []),
]

_lock = threading.Lock()
_library: Optional[ctypes.CDLL] = None


def _open(path: str) -> ctypes.CDLL:
    where = f"{platform.system()} {platform.machine()}"
    if not os.path.exists(path):
        raise SonomaskError(
            "load-library",
            f"this sonomask package has no library for {where}; the source archive builds one on Linux with gcc and make",
        )
    try:
        opened = ctypes.CDLL(path)
        for name, result, arguments in _FUNCTIONS:
            function = getattr(opened, name)
            function.restype = result
            function.argtypes = arguments
    except (OSError, AttributeError) as error:
        # One line: the loader's messages name the file already.
        reason = " ".join(str(error).split())
        raise SonomaskError("load-library", f"the library cannot be loaded on {where}: {reason}") from error
    sizes = opened.sonomask_structure_sizes()
    for index, structure in enumerate(STRUCTURES):
        if sizes[index] != ctypes.sizeof(structure):
            raise SonomaskError("load-library", f"{path} is of another version: {structure.__name__} has another size")
    return opened


def library() -> ctypes.CDLL:
    """The library, opened at the first call. Raises ``load-library``."""
    global _library
    if _library is None:
        with _lock:
            if _library is None:
                _library = _open(LIBRARY_PATH)
    return _library


def check(status: int, error: Error, prefix: str = "") -> None:
    """Raises the error of a function that failed. ``prefix`` names the file concerned."""
    if status == 0:
        return
    code = library().sm_status_name(status).decode("ascii")
    message = error.message.decode("utf-8", "replace")
    raise SonomaskError(code, f"{prefix}: {message}" if prefix else message)
