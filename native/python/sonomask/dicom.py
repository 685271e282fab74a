"""DICOM Segmentation (SEG) and structured report (SR) of answers about DICOM images. Needs pydicom, which sonomask does not install.

    import pydicom
    from sonomask import Model, dicom

    model = Model.load()
    source = pydicom.dcmread("image.dcm")
    result = model.segment(source.pixel_array)    # grey or RGB of 8 bits
    seg = dicom.segmentation(source, [result], model)
    seg.save_as("image_seg.dcm")
    dicom.report(source, seg, [result], model).save_as("image_sr.dcm")
    masks = dicom.read_segmentation(pydicom.dcmread("image_seg.dcm"), source)    # masks[frame][segment]

The same objects as ``npx sonomask predict --sr`` writes (wasm/dicom). Patient and study are named only with ``patient=True``.
"""

from __future__ import annotations

import datetime
import re
import struct
import uuid
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from ._errors import refused
from ._read_seg import Masks, read_segmentation
from ._types import Box, Lesion, Region, Segmentation
from ._words import OWN, numbers_of, words_of

if TYPE_CHECKING:
    from ._model import Model

_SEG = "1.2.840.10008.5.1.4.1.1.66.4"
_SR = "1.2.840.10008.5.1.4.1.1.88.22"
_IMPLEMENTATION = "2.25.74249492692672394174328946815277567131"
_DEVICE = "2.25.154882575164308777294292379382576728668"
_NOTICE = "Research use only, not for diagnosis."
_WORDS_NOTICE = "Words of lesions are measures of their outlines, not a diagnosis."
#: Methods of lossy compression by the transfer syntaxes that use them.
_METHODS = (
    (r"\.4\.5[0-5]", "ISO_10918_1"), (r"\.4\.81", "ISO_14495_1"), (r"\.4\.91", "ISO_15444_1"), (r"\.4\.203", "ISO_15444_15"),
    (r"\.4\.10[01](\.1)?", "ISO_13818_2"), (r"\.4\.10[2-6](\.1)?", "ISO_14496_10"), (r"\.4\.10[78](\.1)?", "ISO_23008_2"),
)  # fmt: skip
#: JPEG with a discrete cosine transform, and video; the other ones of _METHODS may be without loss.
_ALWAYS_LOSSY = re.compile(r"\.4\.(5[0-5]|10[0-8](\.1)?)")
_SYNTAXES = "1.2.840.10008.1.2"
_PERSON = (
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientName", "PatientID", "PatientBirthDate",
    "PatientSex", "StudyID",
)  # fmt: skip
_CENTIMETRES = 3
#: Of a root of their own; up to 64 letters.
_IDENTIFIER = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
#: Of the segments in turn, CIELab scaled to 16 bits.
_COLOURS = [[44026, 49000, 50886], [51240, 20910, 46002], [38600, 40100, 15300], [58900, 31700, 57200]]

__all__ = ["Masks", "read_segmentation", "report", "segmentation"]

Code = Tuple[str, str, str]
_PIXELS: Code = ("{pixels}", "UCUM", "pixels")
_PERCENT: Code = ("%", "UCUM", "percent")
_LESION: Code = ("52988006", "SCT", "Lesion")
_TYPES: Dict[str, Code] = {"benign": ("30807003", "SCT", "Benign"), "malignant": ("21594007", "SCT", "Malignant")}


def _uid() -> str:
    return f"2.25.{uuid.uuid4().int}"


def _set(**values: Any) -> Dataset:
    """A data set of these attributes; None is left out."""
    made = Dataset()
    for keyword, value in values.items():
        if value is not None:
            setattr(made, keyword, value)
    return made


def _code(code: Code) -> List[Dataset]:
    return [_set(CodeValue=code[0], CodingSchemeDesignator=code[1], CodeMeaning=code[2])]


def _checked(source: Dataset, results: Sequence[Segmentation], frames: Optional[Sequence[int]]) -> List[int]:
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        uid = str(getattr(source, keyword, "") or "")
        if len(uid) > 64 or not _IDENTIFIER.fullmatch(uid):
            raise refused(f"nothing can refer to the source: {f'its {keyword} is {uid!r}' if uid else f'it has no {keyword}'}")
    if not getattr(source, "Rows", 0) or not getattr(source, "Columns", 0):
        raise refused("the source has no Rows or no Columns")
    numbers = list(range(len(results)) if frames is None else frames)
    count = int(getattr(source, "NumberOfFrames", 0) or 1)
    if not results or len(numbers) != len(results) or len(set(numbers)) != len(numbers):
        raise refused(f"{len(results)} results and {len(numbers)} frames")
    if any(not 0 <= number < count for number in numbers):
        raise refused(f"the source has {count} frames")
    if any((result.height, result.width) != (source.Rows, source.Columns) for result in results):
        raise refused(f"a result is not of the size of the source, {source.Columns} x {source.Rows}")
    return numbers


def _places(source: Dataset, seg: Dataset, numbers: Sequence[int], results: Sequence[Segmentation]) -> Dict[Tuple[int, int], int]:
    """The frame of ``seg``, from 1 on, of each frame of the source (from 0 on) and segment.

    Raises ``argument``: ``seg`` is no binary segmentation of these results.
    """
    if getattr(seg, "SOPClassUID", "") != _SEG or getattr(seg, "SegmentationType", "") != "BINARY":
        raise refused("a report needs the binary segmentation of the same results")
    places = {}
    for index, group in enumerate(getattr(seg, "PerFrameFunctionalGroupsSequence", [])):
        segment = getattr(group, "SegmentIdentificationSequence", None)
        for image in (each for derived in getattr(group, "DerivationImageSequence", []) for each in getattr(derived, "SourceImageSequence", [])):
            if segment and getattr(image, "ReferencedSOPInstanceUID", "") == source.SOPInstanceUID:
                frame = int(getattr(image, "ReferencedFrameNumber", None) or 1) - 1
                places[frame, int(segment[0].ReferencedSegmentNumber)] = index + 1
    if not places:
        raise refused("the segmentation is of another image than the source")
    for frame, result in zip(numbers, results):
        for segment in range(1, len(result.lesions) + 1):
            if (frame, segment) not in places:
                raise refused(f"the segmentation has no lesion {segment} of frame {frame}: it is not of these results")
    return places


def _part(source: Dataset, count: int) -> str:
    """ "3 of 60 frames"; "" when an object is of all."""
    frames = int(getattr(source, "NumberOfFrames", 0) or 1)
    return f"{count} of {frames} frames" if count < frames else ""


def _file(
    source: Dataset, model: "Model", kind: str, modality: str, number: int, name: str, count: int, patient: bool
) -> FileDataset:
    """An object about ``count`` frames of the source, with patient, study, series, equipment and identity."""
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0  # pydicom computes it
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(kind), UID(_uid())
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID, meta.ImplementationVersionName = UID(_IMPLEMENTATION), "SONOMASK"
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    if int(pydicom.__version__.split(".")[0]) < 3:
        made.is_little_endian, made.is_implicit_VR = True, False
    now = datetime.datetime.now()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = kind, meta.MediaStorageSOPInstanceUID
    made.InstanceCreationDate = made.SeriesDate = made.ContentDate = now.strftime("%Y%m%d")
    made.InstanceCreationTime = made.SeriesTime = made.ContentTime = now.strftime("%H%M%S")
    made.Modality, made.Manufacturer = modality, "sonomask"
    made.ManufacturerModelName = f"sonomask {model.info.network}"
    made.DeviceSerialNumber, made.SoftwareVersions = model.weights_sha256, model.info.version
    part = _part(source, count)
    made.SeriesDescription = f"sonomask {name}{part and ', ' + part} (research use)"
    for keyword in _PERSON:
        value = getattr(source, keyword, "") if patient else ""
        setattr(made, keyword, "" if value is None else str(value))
    for keyword in ("StudyDescription", "IssuerOfPatientID") if patient else ():
        if getattr(source, keyword, ""):
            setattr(made, keyword, str(getattr(source, keyword)))
    if not patient:
        made.PatientIdentityRemoved, made.DeidentificationMethod = "YES", "Patient and study data left out; UIDs kept"
    made.StudyInstanceUID, made.SeriesInstanceUID = source.StudyInstanceUID, _uid()
    made.SeriesNumber, made.InstanceNumber = number, 1
    return made


def _reference(source: Dataset, frame: Optional[int] = None) -> Dataset:
    several = int(getattr(source, "NumberOfFrames", 0) or 1) > 1
    return _set(
        ReferencedSOPClassUID=source.SOPClassUID,
        ReferencedSOPInstanceUID=source.SOPInstanceUID,
        ReferencedFrameNumber=frame + 1 if several and frame is not None else None,
    )


def _stored(data: bytes) -> int:
    """The bytes of the fragments of compressed pixels, without the offset table."""
    at, sizes = 0, []
    while at + 8 <= len(data):
        group, element, size = struct.unpack_from("<HHI", data, at)
        if (group, element) != (0xFFFE, 0xE000):
            break
        sizes.append(size)
        at += 8 + size
    return sum(sizes[1:])


def _lossy(source: Dataset) -> Dataset:
    """What the source says of lossy compression, completed from how its pixels are stored. As wasm/dicom/lossy.js."""
    name = str(getattr(getattr(source, "file_meta", None), "TransferSyntaxUID", ""))
    syntax = name[len(_SYNTAXES) :] if name.startswith(_SYNTAXES) else ""
    if getattr(source, "LossyImageCompression", "") != "01" and not _ALWAYS_LOSSY.fullmatch(syntax):
        return _set(LossyImageCompression="00")
    ratio, method = getattr(source, "LossyImageCompressionRatio", None), getattr(source, "LossyImageCompressionMethod", None)
    known = next((each for pattern, each in _METHODS if re.fullmatch(pattern, syntax)), None)
    stored = _stored(getattr(source, "PixelData", b"")) if known else 0
    if not ratio and stored:
        depth = int(getattr(source, "SamplesPerPixel", 1)) * -(-int(getattr(source, "BitsAllocated", 8)) // 8)
        frames = int(getattr(source, "NumberOfFrames", 0) or 1)
        ratio = f"{source.Rows * source.Columns * depth * frames / stored:.2f}"
    return _set(LossyImageCompression="01", LossyImageCompressionRatio=ratio or None, LossyImageCompressionMethod=method or known)


def _parts(mask: NDArray[Any]) -> List[NDArray[np.bool_]]:
    """The 8-connected parts of a mask."""
    runs: List[Tuple[int, int, int]] = []
    parent: List[int] = []

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    above: List[int] = []
    for y, row in enumerate(mask != 0):
        edges = np.flatnonzero(np.diff(np.concatenate(([False], row, [False])).astype(np.int8)))
        here: List[int] = []
        for start, end in zip(edges[::2], edges[1::2]):
            index = len(runs)
            runs.append((y, int(start), int(end)))
            parent.append(index)
            here.append(index)
            for other in above:
                if runs[other][1] <= end and runs[other][2] >= start:
                    parent[root(index)] = root(other)
        above = here
    found: Dict[int, NDArray[np.bool_]] = {}
    for index, (y, start, end) in enumerate(runs):
        found.setdefault(root(index), np.zeros(mask.shape, bool))[y, start:end] = True
    return list(found.values())


def _lesion_masks(result: Segmentation) -> List[NDArray[np.bool_]]:
    """A mask per lesion, in their order."""
    parts = _parts(result.mask)
    masks = []
    for lesion in result.lesions:
        x, y, width, height = (round(side) for side in lesion.bbox)
        found = [
            index
            for index, part in enumerate(parts)
            if part.sum() == lesion.area and part[y : y + height, x : x + width].sum() == lesion.area
        ]
        masks.append(parts.pop(found[0]) if found else np.zeros(result.mask.shape, bool))
    return masks


def _meaning(segment: int, fractional: bool, tracked: bool) -> str:
    if fractional:
        return "Probability of a lesion at each pixel."
    return "Outline of a lesion." if tracked else f"Lesion number {segment + 1} of each frame, by size."


def segmentation(
    source: Dataset,
    results: Sequence[Segmentation],
    model: "Model",
    *,
    frames: Optional[Sequence[int]] = None,
    fractional: bool = False,
    patient: bool = False,
) -> FileDataset:
    """The lesions as a DICOM Segmentation: a segment per lesion of a frame, largest first; or with ``fractional`` the
    probability of a lesion at each pixel. ``results`` are of the ``frames`` of ``source``, counted from 0; by default the
    first ones. Without any lesion the object has one empty frame.

    Raises ``argument``: the source lacks an identifier, or a result is of another size.
    """
    numbers = _checked(source, results, frames)
    made = _file(source, model, _SEG, "SEG", 9001, "segmentation", len(results), patient)
    masks: List[List[NDArray[Any]]] = [[result.probability_map] if fractional else _lesion_masks(result) for result in results]
    count = max(1, *(len(each) for each in masks)) if masks else 1
    tracked = len(results) == 1 and not fractional and len(masks[0]) > 0
    parts = [(segment, at) for segment in range(count) for at, each in enumerate(masks) if segment < len(each)]
    pixels = [masks[at][segment] for segment, at in parts]
    if not parts:
        parts, pixels = [(0, 0)], [np.zeros((source.Rows, source.Columns), bool)]
    ranks = {at: rank + 1 for rank, at in enumerate(sorted({at for _, at in parts}, key=lambda at: numbers[at]))}
    organization = _uid()
    made.ImageType, made.PatientOrientation = ["DERIVED", "PRIMARY"], ""
    made.ContentLabel, made.ContentDescription = "RESEARCH USE", f"Breast lesions. {_NOTICE}"
    made.ContentCreatorName = ""
    made.update(_lossy(source))
    made.ReferencedSeriesSequence = [
        _set(SeriesInstanceUID=source.SeriesInstanceUID, ReferencedInstanceSequence=[_reference(source)])
    ]
    made.Rows, made.Columns, made.NumberOfFrames = source.Rows, source.Columns, len(parts)
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated = made.BitsStored = 8 if fractional else 1
    made.HighBit = made.BitsStored - 1
    made.SegmentationType, made.SegmentsOverlap = "FRACTIONAL" if fractional else "BINARY", "NO"
    if fractional:
        made.SegmentationFractionalType, made.MaximumFractionalValue = "PROBABILITY", 255
    made.SegmentSequence = [
        _set(
            SegmentNumber=segment + 1,
            SegmentLabel="Lesion" if fractional else f"Lesion {segment + 1}",
            SegmentDescription=f"{_meaning(segment, fractional, tracked)} {_NOTICE}",
            SegmentAlgorithmType="SEMIAUTOMATIC"
            if any(result.refined and (fractional or segment < len(each)) for result, each in zip(results, masks))
            else "AUTOMATIC",
            SegmentAlgorithmName="sonomask",
            SegmentationAlgorithmIdentificationSequence=[
                _set(
                    AlgorithmFamilyCodeSequence=_code(("123110", "DCM", "Artificial Intelligence")),
                    AlgorithmName=f"sonomask, network {model.info.network}",
                    AlgorithmVersion=model.info.version,
                    AlgorithmParameters=f"SHA-256 of the weights: {model.weights_sha256}",
                )
            ],
            SegmentedPropertyCategoryCodeSequence=_code(("49755003", "SCT", "Morphologically Abnormal Structure")),
            SegmentedPropertyTypeCodeSequence=_code(_LESION),
            AnatomicRegionSequence=_code(("76752008", "SCT", "Breast")),
            RecommendedDisplayCIELabValue=_COLOURS[segment % len(_COLOURS)],
            TrackingID=f"Lesion {segment + 1}" if tracked else None,
            TrackingUID=_uid() if tracked else None,
        )
        for segment in range(count)
    ]
    made.DimensionOrganizationSequence = [_set(DimensionOrganizationUID=organization)]
    made.DimensionIndexSequence = [
        _set(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=pointer,
            FunctionalGroupPointer=group,
            DimensionDescriptionLabel=label,
        )
        for pointer, group, label in ((0x0062000B, 0x0062000A, "Segment Number"), (0x00209128, 0x00209111, "Frame of the source"))
    ]
    made.SharedFunctionalGroupsSequence = [Dataset()]
    made.PerFrameFunctionalGroupsSequence = []
    for segment, at in parts:
        image = _reference(source, numbers[at])
        image.SpatialLocationsPreserved = "YES"
        image.PurposeOfReferenceCodeSequence = _code(("121322", "DCM", "Source Image for Image Processing Operation"))
        made.PerFrameFunctionalGroupsSequence.append(
            _set(
                FrameContentSequence=[_set(DimensionIndexValues=[segment + 1, ranks[at]], TemporalPositionIndex=ranks[at])],
                DerivationImageSequence=[
                    _set(DerivationCodeSequence=_code(("113076", "DCM", "Segmentation")), SourceImageSequence=[image])
                ],
                SegmentIdentificationSequence=[_set(ReferencedSegmentNumber=segment + 1)],
            )
        )
    if fractional:
        data = np.rint(np.stack(pixels) * 255).astype(np.uint8).tobytes()
    else:
        data = np.packbits(np.stack(pixels).reshape(-1), bitorder="little").tobytes()
    made.PixelData = data + b"\0" * (len(data) % 2)
    made["PixelData"].VR = "OB"
    return made


def _millimetres(source: Dataset, box: Box) -> Optional[float]:
    """The side of a pixel where the source says that it is a square of this size in all of the box."""
    regions = getattr(source, "SequenceOfUltrasoundRegions", None)
    if regions is None:
        down, across = getattr(source, "PixelSpacing", None) or (0, 0)
        return float(across) if 0 < across and abs(across - down) <= 0.001 * across else None
    for region in regions:
        across, down = abs(getattr(region, "PhysicalDeltaX", 0)), abs(getattr(region, "PhysicalDeltaY", 0))
        units = (getattr(region, "PhysicalUnitsXDirection", 0), getattr(region, "PhysicalUnitsYDirection", 0))
        inside = (
            region.RegionLocationMinX0 <= box.x
            and region.RegionLocationMinY0 <= box.y
            and box.x + box.width <= region.RegionLocationMaxX1
            and box.y + box.height <= region.RegionLocationMaxY1
        )
        square = 0 < across and abs(across - down) <= 0.001 * across
        if inside and square and units == (_CENTIMETRES, _CENTIMETRES) and getattr(region, "RegionSpatialFormat", 0) == 1:
            return float(10 * across)
    return None


def _item(relation: str, kind: str, concept: Optional[Code], children: Sequence[Dataset] = (), **value: Any) -> Dataset:
    made = _set(RelationshipType=relation or None, ValueType=kind, **value)
    if concept:
        made.ConceptNameCodeSequence = _code(concept)
    if children:
        made.ContentSequence = list(children)
    return made


def _text(relation: str, concept: Code, text: str) -> Dataset:
    return _item(relation, "TEXT", concept, TextValue=text)


def _coded(relation: str, concept: Code, value: Code, children: Sequence[Dataset] = ()) -> Dataset:
    return _item(relation, "CODE", concept, children, ConceptCodeSequence=_code(value))


def _number(relation: str, concept: Code, value: float, unit: Code) -> Dataset:
    measured = _set(NumericValue=f"{value:.6g}", MeasurementUnitsCodeSequence=_code(unit))
    return _item(relation, "NUM", concept, MeasuredValueSequence=[measured])


def _image(concept: Optional[Code], reference: Dataset) -> Dataset:
    return _item("CONTAINS", "IMAGE", concept, ReferencedSOPSequence=[reference])


def _container(concept: Code, children: Sequence[Dataset], template: str = "", relation: str = "CONTAINS") -> Dataset:
    templates = [_set(MappingResource="DCMR", TemplateIdentifier=template)] if template else None
    return _item(relation, "CONTAINER", concept, children, ContinuityOfContent="SEPARATE", ContentTemplateSequence=templates)


def _described(lesion: Lesion, scale: float, unit: Code) -> List[Dataset]:
    outline = lesion.descriptors
    if outline is None:
        return []
    return [
        _number("CONTAINS", ("103355008", "SCT", "Width"), outline.width * scale, unit),
        _number("CONTAINS", ("121207", "DCM", "Height"), outline.height * scale, unit),
        _number("CONTAINS", ("121243", "DCM", "Distance from skin"), outline.depth * scale, unit),
        *(_number("CONTAINS", concept, value, given) for concept, value, given in numbers_of(outline)),
        *(_coded("CONTAINS", name, value) for name, value in words_of(outline)),
    ]


def _measurements(source: Dataset, lesion: Lesion, result: Segmentation) -> List[Dataset]:
    side = _millimetres(source, lesion.bbox)
    scale, unit = (1.0, _PIXELS) if side is None else (side, ("mm", "UCUM", "millimeter"))
    area = _PIXELS if side is None else ("mm2", "UCUM", "square millimeter")
    of: Union[Region, Segmentation] = result.regions[lesion.region] if lesion.region < len(result.regions) else result
    certainty = ("111013", "DCM", "Certainty of Impression")
    return [
        _number("CONTAINS", ("103339001", "SCT", "Long Axis"), lesion.long_axis * scale, unit),
        _number("CONTAINS", ("103340004", "SCT", "Short Axis"), lesion.short_axis * scale, unit),
        _number("CONTAINS", ("131191004", "SCT", "Perimeter"), lesion.perimeter * scale, unit),
        _number("CONTAINS", ("42798000", "SCT", "Area"), lesion.area * scale**2, area),
        *_described(lesion, scale, unit),
        _number("CONTAINS", ("111047", "DCM", "Probability of cancer"), 100 * of.probabilities["malignant"], _PERCENT),
        *(
            _coded("CONTAINS", ("121073", "DCM", "Impression"), _TYPES[of.type],
                   [_number("HAS PROPERTIES", certainty, 100 * of.probabilities[of.type], _PERCENT)])
            for _ in range(of.type in _TYPES)
        ),
    ]  # fmt: skip


def report(
    source: Dataset,
    seg: Dataset,
    results: Sequence[Segmentation],
    model: "Model",
    *,
    frames: Optional[Sequence[int]] = None,
    patient: bool = False,
) -> FileDataset:
    """The measurements as a structured report (TID 1500) that refers to ``seg``, the binary segmentation of the same results
    and frames. In millimetres where the source has the size of its pixels, else in pixels.

    Raises ``argument``, as ``segmentation``, and when ``seg`` is not that segmentation.
    """
    numbers = _checked(source, results, frames)
    several = int(getattr(source, "NumberOfFrames", 0) or 1) > 1
    places = _places(source, seg, numbers, results)
    algorithm = [
        _text("HAS CONCEPT MOD", ("111001", "DCM", "Algorithm Name"), f"sonomask, network {model.info.network}"),
        _text("HAS CONCEPT MOD", ("111003", "DCM", "Algorithm Version"), model.info.version),
        _text("HAS CONCEPT MOD", ("111002", "DCM", "Algorithm Parameters"), f"SHA-256 of the weights: {model.weights_sha256}"),
    ]
    finding, certainty = ("121071", "DCM", "Finding"), ("111012", "DCM", "Certainty of Finding")

    def group_of(frame: int, name: str, uid: str, children: List[Dataset], template: str) -> Dataset:
        identity = [
            _text("HAS OBS CONTEXT", ("112039", "DCM", "Tracking Identifier"), f"Frame {frame + 1}, {name}" if several else name),
            _item("HAS OBS CONTEXT", "UIDREF", ("112040", "DCM", "Tracking Unique Identifier"), UID=uid),
        ]
        image = _image(("121233", "DCM", "Source image for segmentation"), _reference(source, frame))
        return _container(("125007", "DCM", "Measurement Group"), [*identity, *algorithm, *children, image], template)

    groups = []
    for frame, result in zip(numbers, results):
        for index, lesion in enumerate(result.lesions):
            tracking = getattr(seg.SegmentSequence[index], "TrackingUID", None) or _uid()
            sure = [_number("HAS PROPERTIES", certainty, 100 * lesion.presence, _PERCENT)] if lesion.presence > 0 else []
            place = _set(
                ReferencedSOPClassUID=_SEG,
                ReferencedSOPInstanceUID=seg.SOPInstanceUID,
                ReferencedFrameNumber=places[frame, index + 1],
            )
            children = [_coded("CONTAINS", finding, _LESION, sure), _image(("121214", "DCM", "Referenced Segmentation Frame"), place)]
            if result.refined:
                children.append(_text("CONTAINS", ("121106", "DCM", "Comment"), "Outline corrected by a reader"))
            groups.append(group_of(frame, f"lesion {index + 1}", tracking, [*children, *_measurements(source, lesion, result)], "1410"))
        if not result.lesions:
            absent = _number("HAS PROPERTIES", certainty, 100 * (1 - result.presence), _PERCENT)
            none = _coded("CONTAINS", finding, ("111286", "DCM", "No abnormality"), [absent])
            groups.append(group_of(frame, "no lesion", _uid(), [none], "1501"))
    made = _file(source, model, _SR, "SR", 9002, "report", len(results), patient)
    made.ReferencedPerformedProcedureStepSequence, made.PerformedProcedureCodeSequence = [], []
    made.CompletionFlag, made.VerificationFlag = "COMPLETE", "UNVERIFIED"
    made.CodingSchemeIdentificationSequence = [
        _set(CodingSchemeDesignator=OWN, CodingSchemeName="Codes of sonomask", CodingSchemeResponsibleOrganization="sonomask")
    ]
    seg_reference = _set(ReferencedSOPClassUID=_SEG, ReferencedSOPInstanceUID=seg.SOPInstanceUID)
    made.CurrentRequestedProcedureEvidenceSequence = [
        _set(
            StudyInstanceUID=source.StudyInstanceUID,
            ReferencedSeriesSequence=[
                _set(SeriesInstanceUID=source.SeriesInstanceUID, ReferencedSOPSequence=[_reference(source)]),
                _set(SeriesInstanceUID=seg.SeriesInstanceUID, ReferencedSOPSequence=[seg_reference]),
            ],
        )
    ]
    observer = "HAS OBS CONTEXT"
    part = _part(source, len(results))
    about = f" This report is about {part}." if part else ""
    library = _container(("126200", "DCM", "Image Library Group"), [_image(None, _reference(source))])
    root = _container(
        ("126000", "DCM", "Imaging Measurement Report"),
        [
            _coded("HAS CONCEPT MOD", ("121049", "DCM", "Language of Content Item and Descendants"), ("en", "RFC5646", "English")),
            _coded(observer, ("121005", "DCM", "Observer Type"), ("121007", "DCM", "Device")),
            _item(observer, "UIDREF", ("121012", "DCM", "Device Observer UID"), UID=_DEVICE),
            _text(observer, ("121013", "DCM", "Device Observer Name"), "sonomask"),
            _text(observer, ("121014", "DCM", "Device Observer Manufacturer"), "sonomask"),
            _text(
                observer, ("121015", "DCM", "Device Observer Model Name"), f"sonomask {model.info.version}, network {model.info.network}"
            ),
            _text(observer, ("121016", "DCM", "Device Observer Serial Number"), model.weights_sha256),
            _coded("HAS CONCEPT MOD", ("121058", "DCM", "Procedure reported"), ("47079000", "SCT", "Ultrasonography of breast")),
            _text("CONTAINS", ("121106", "DCM", "Comment"), f"{_NOTICE} {_WORDS_NOTICE}{about}"),
            _container(("111028", "DCM", "Image Library"), [library]),
            _container(("126010", "DCM", "Imaging Measurements"), groups),
        ],
        "1500",
        relation="",
    )
    made.update(root)
    return made
