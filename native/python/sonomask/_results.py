"""From the library's structures to the types of the package. Arrays are copied: they outlive the structures."""

from __future__ import annotations

import ctypes
import time
from typing import Any, List, Optional

import numpy as np
from numpy.typing import NDArray

from . import _library as c
from ._types import Box, Contour, Descriptors, Lesion, OperatingPoint, Point, Region, Segmentation


def _copy(address: int, height: int, width: int, kind: Any) -> NDArray[Any]:
    array: NDArray[Any] = np.empty((height, width), dtype=kind)
    ctypes.memmove(array.ctypes.data, address, array.nbytes)
    return array


def _point(point: c.Point) -> Point:
    return Point(point.x, point.y)


def _word(name: Optional[bytes]) -> Optional[str]:
    return None if name is None else name.decode("ascii")


def _descriptors(d: c.Descriptors) -> Descriptors:
    library = c.library()
    signs = [1 << bit for bit in range(c.MARGIN_SIGNS) if d.margin >> bit & 1]
    echo, posterior = _word(library.sm_echo_name(d.echo)), _word(library.sm_posterior_name(d.posterior))
    return Descriptors(
        shape=_word(library.sm_shape_name(d.shape)) or "",
        orientation="parallel" if d.parallel else "not parallel",
        margin="not circumscribed" if signs else "circumscribed",
        margin_signs=[_word(library.sm_margin_sign_name(sign)) or "" for sign in signs],
        echo=echo,
        posterior=posterior,
        halo=d.halo,
        width=d.width,
        height=d.height,
        height_ratio=d.height_ratio,
        depth=d.depth,
        axis_ratio=d.axis_ratio,
        roughness=d.roughness,
        edge_contrast=d.edge_contrast,
        weak_edge=d.weak_edge,
        corners=d.corners,
        lobes=d.lobes,
        spicules=d.spicules,
        echo_ratio=None if echo is None else d.echo_ratio,
        echo_spread=None if echo is None else d.echo_spread,
        posterior_ratio=None if posterior is None else d.posterior_ratio,
        halo_ratio=d.halo_ratio if d.halo_ratio > 0 else None,
    )


def describe(image: c.Image, mask: int, lesions: Any, count: int, regions: Any, region_count: int) -> List[Descriptors]:
    """Descriptors of the lesions of a mask [height, width], by its address."""
    found, error = (c.Descriptors * max(count, 1))(), c.Error()
    status = c.library().sm_describe_lesions(
        ctypes.byref(image), mask, lesions, count, regions, region_count, found, ctypes.byref(error)
    )
    c.check(status, error)
    return [_descriptors(found[index]) for index in range(count)]


def _lesion(lesion: c.Lesion, expected_dice_power: float, descriptors: Optional[Descriptors]) -> Lesion:
    first, second = lesion.long_axis_ends, lesion.short_axis_ends
    dice = lesion.expected_dice
    if expected_dice_power != 1.0:
        dice = float(np.float32(dice**expected_dice_power))
    return Lesion(
        area=lesion.area,
        bbox=Box(lesion.left, lesion.top, lesion.width, lesion.height),
        centroid=_point(lesion.centroid),
        long_axis=lesion.long_axis,
        long_axis_ends=(_point(first[0]), _point(first[1])),
        short_axis=lesion.short_axis,
        short_axis_ends=(_point(second[0]), _point(second[1])),
        perimeter=lesion.perimeter,
        circularity=lesion.circularity,
        orientation=lesion.orientation,
        mean_probability=lesion.mean_probability,
        expected_dice=dice,
        presence=lesion.presence,
        margin=lesion.margin,
        region=lesion.region,
        descriptors=descriptors,
    )


def lesions_of(
    lesions: Any, count: int, expected_dice_power: float = 1.0, descriptors: Optional[List[Descriptors]] = None
) -> List[Lesion]:
    """``expected_dice_power`` is applied to what sm_mask_components measured; sm_segment has applied it already."""
    return [
        _lesion(lesions[index], expected_dice_power, descriptors[index] if descriptors else None)
        for index in range(count)
    ]


def operating_point_of(point: c.OperatingPoint) -> OperatingPoint:
    # The library holds 0.8, 0.9 and 0.95 in single precision.
    return OperatingPoint(kept=round(point.kept, 2), presence=point.presence, missed_bound=point.missed)


def _region(region: c.Region) -> Region:
    return Region(
        x=region.x,
        y=region.y,
        width=region.width,
        height=region.height,
        type=c.CLASSES[region.type],
        probabilities=dict(zip(c.CLASSES, region.probabilities)),
        presence=region.presence,
        outlier_score=region.outlier_score,
        looks_like_ultrasound=region.looks_like_ultrasound,
    )


def segmentation_of(image: c.Image, result: c.Result, started: float) -> Segmentation:
    """``image`` is the one that was segmented, ``started`` the time of time.perf_counter before."""
    height, width = result.height, result.width
    places = (result.regions, result.region_count)
    lesions = lesions_of(
        result.lesions,
        result.lesion_count,
        descriptors=describe(image, result.mask, result.lesions, result.lesion_count, *places),
    )
    possible = lesions_of(
        result.possible,
        result.possible_count,
        descriptors=describe(image, result.possible_mask, result.possible, result.possible_count, *places),
    )
    milliseconds = 1000.0 * (time.perf_counter() - started)
    possible_mask = None
    if result.possible_mask:
        possible_mask = _copy(result.possible_mask, height, width, np.uint8)
    point = operating_point_of(result.operating_point) if result.operating_point.kept > 0 else None
    return Segmentation(
        mask=_copy(result.mask, height, width, np.uint8),
        lesions=lesions,
        width=width,
        height=height,
        type=c.CLASSES[result.type],
        probabilities=dict(zip(c.CLASSES, result.probabilities)),
        probability_map=_copy(result.probability_map, height, width, np.float32),
        expected_dice=result.expected_dice,
        outlier_score=result.outlier_score,
        looks_like_ultrasound=result.looks_like_ultrasound,
        refined=result.refined,
        presence=result.presence,
        operating_point=point,
        possible=possible,
        possible_mask=possible_mask,
        regions=[_region(result.regions[index]) for index in range(result.region_count)],
        warnings=[name for bit, name in enumerate(c.WARNINGS) if result.warnings >> bit & 1],
        overlay_share=result.overlay_share,
        milliseconds=milliseconds,
    )


def contour_of(contour: c.Contour) -> Contour:
    points: NDArray[np.float32] = np.empty((contour.point_count, 2), dtype=np.float32)
    ctypes.memmove(points.ctypes.data, contour.points, points.nbytes)
    return Contour(points=points, is_hole=contour.is_hole != 0)
