"""The masks of DICOM Segmentation objects, also of other programs. The same rules as wasm/dicom/read-segmentation.js and
frame-masks.js; the tests compare the two."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from ._errors import refused

_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_SEGMENT_NUMBER = 0x0062000B
_BACKGROUND = "125040"

#: By frame of the image, from 0 on, and by the number of the segment.
Masks = Dict[int, Dict[int, NDArray[np.bool_]]]
_Reference = Tuple[str, Optional[int]]


def _first(item: Dataset, keyword: str) -> Optional[Dataset]:
    sequence = getattr(item, keyword, None)
    return sequence[0] if sequence else None


def _references(group: Dataset, shared: Dataset) -> List[_Reference]:
    """The images and their frames, from 0 on; None: no number, which means all frames (PS3.3, 10.3)."""
    derivation = getattr(group, "DerivationImageSequence", None) or getattr(shared, "DerivationImageSequence", None) or []
    found: List[_Reference] = []
    for each in derivation:
        for image in getattr(each, "SourceImageSequence", []):
            numbers = getattr(image, "ReferencedFrameNumber", None)
            listed: List[Optional[int]] = [None]
            if numbers is not None:
                listed = [int(number) - 1 for number in np.atleast_1d(numbers)]
            found += [(str(image.ReferencedSOPInstanceUID), number) for number in listed]
    return found


def _pixels(seg: Dataset) -> NDArray[Any]:
    count = int(seg.NumberOfFrames)
    element = seg["PixelData"]
    if seg.BitsAllocated == 1 and element.VR == "OW" and seg.file_meta.TransferSyntaxUID == ExplicitVRBigEndian:
        # pydicom leaves the bytes of the words as they are.
        words = np.frombuffer(element.value, ">u2").astype("<u2")
        bits = np.unpackbits(words.view(np.uint8), bitorder="little")
        return bits[: count * seg.Rows * seg.Columns].reshape((count, seg.Rows, seg.Columns))
    try:
        pixels = seg.pixel_array
    except (NotImplementedError, RuntimeError) as error:
        if not seg.file_meta.TransferSyntaxUID.is_compressed:
            raise
        raise refused(f"pydicom cannot decode its frames ({seg.file_meta.TransferSyntaxUID.name}): {error}") from error
    return np.asarray(pixels).reshape((count, seg.Rows, seg.Columns))


def _place(seg: Dataset, group: Dataset) -> Tuple[int, ...]:
    """The values of the dimensions, but for the segment."""
    pointers = [int(each.DimensionIndexPointer) for each in getattr(seg, "DimensionIndexSequence", [])]
    content = _first(group, "FrameContentSequence")
    values = getattr(content, "DimensionIndexValues", None)
    listed = [] if values is None else [int(value) for value in np.atleast_1d(values)]
    return tuple(value for pointer, value in zip(pointers, listed) if pointer != _SEGMENT_NUMBER)


def _segments(seg: Dataset, pixels: NDArray[Any], number: int) -> Dict[int, NDArray[np.bool_]]:
    """The segments in a frame."""
    if seg.SegmentationType == "BINARY":
        return {number: pixels > 0}
    if seg.SegmentationType == "FRACTIONAL":
        return {number: pixels >= max(1, int(seg.MaximumFractionalValue) / 2)}
    lesions = {
        int(each.SegmentNumber) for each in seg.SegmentSequence if each.SegmentedPropertyTypeCodeSequence[0].CodeValue != _BACKGROUND
    }
    padding = int(getattr(seg, "PixelPaddingValue", 0))
    return {int(label): pixels == label for label in np.unique(pixels) if label not in (0, padding) and int(label) in lesions}


def read_segmentation(seg: Dataset, source: Dataset) -> Masks:
    """The masks that ``seg`` has of the image ``source``: by frame, from 0 on, and by the number of the segment. Values of
    fractional objects count from half of their maximum on. Segments of other programs may overlap, and empty ones may be
    missing. Compressed objects need what pydicom needs to decode them.

    Raises ``argument``: ``seg`` is no segmentation, is not of ``source`` or of another size, or it is not clear which
    frames its masks are of.
    """
    if getattr(seg, "SOPClassUID", "") not in _CLASSES:
        raise refused("this is no DICOM Segmentation")
    if (seg.Rows, seg.Columns) != (source.Rows, source.Columns):
        raise refused(f"its masks are {seg.Columns} x {seg.Rows} pixels, and the image is {source.Columns} x {source.Rows}")
    frame_count = int(getattr(source, "NumberOfFrames", 0) or 1)
    pixels = _pixels(seg)
    shared = _first(seg, "SharedFunctionalGroupsSequence") or Dataset()
    instances = [
        str(each.ReferencedSOPInstanceUID)
        for series in getattr(seg, "ReferencedSeriesSequence", [])
        for each in getattr(series, "ReferencedInstanceSequence", [])
    ]
    found: Masks = {}
    #: Masks without the number of a frame, by their segment; of label maps None.
    unplaced: Dict[Optional[int], List[Tuple[Tuple[int, ...], Dict[int, NDArray[np.bool_]], bool]]] = {}

    def give(frame: int, segments: Dict[int, NDArray[np.bool_]]) -> None:
        masks = found.setdefault(frame, {})
        for number, mask in segments.items():
            masks[number] = masks[number] | mask if number in masks else mask

    for index, group in enumerate(seg.PerFrameFunctionalGroupsSequence):
        identity = _first(group, "SegmentIdentificationSequence") or _first(shared, "SegmentIdentificationSequence")
        number = int(getattr(identity, "ReferencedSegmentNumber", 1))
        segments = _segments(seg, pixels[index], number)
        named = _references(group, shared)
        references: List[_Reference] = named or ([(instances[0], None)] if len(instances) == 1 else [])
        if not references and any(mask.any() for mask in segments.values()):
            raise refused(f"frame {index + 1} of the segmentation does not name its image")
        for instance, frame in references:
            if instance != source.SOPInstanceUID:
                continue
            if frame is not None and not 0 <= frame < frame_count:
                raise refused(f"a mask is of frame {frame + 1}, and the image has {frame_count}")
            if frame is not None or frame_count == 1:
                give(frame or 0, segments)
            else:
                key = None if seg.SegmentationType == "LABELMAP" else number
                unplaced.setdefault(key, []).append((_place(seg, group), segments, bool(named)))
    for each in unplaced.values():
        in_order = sorted(each, key=lambda part: part[0])
        if len(each) == frame_count:
            for frame, (_, segments, _) in enumerate(in_order):
                give(frame, segments)
        elif len(each) == 1 and each[0][2]:
            for frame in range(frame_count):
                give(frame, each[0][1])
        else:
            raise refused(f"there are {len(each)} masks for {frame_count} frames, without their numbers")
    if not found:
        raise refused("the segmentation is not of this image")
    return {frame: dict(sorted(found[frame].items())) for frame in sorted(found)}
