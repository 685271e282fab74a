#!/usr/bin/python3
"""Writes DICOM SEG files as other programs structure them, with pydicom, which shares nothing with our own writer:

    /usr/bin/python3 make_segmentation.py DIR

Prints a line of JSON per file: `file`; `counts`, the number of frames of each image; `expected`, by image, frame (from 0) and
segment the SHA-256 of the mask, a byte of 0 or 255 per pixel; or `refused`, when the file does not say which frames it is of.

highdicom: frames of a loop without frame of reference, with their numbers, empty ones left out; label maps (Supplement 243) with a
background; compressed per frame by gdcm. dcmqi: a series of single images, sequences of undefined length, dimension indices that
count per segment, codes of SNOMED-RT. 3D Slicer: overlapping segments, each in frames of its own. Others: the image named once for all
frames, in the referenced series only, or without the numbers of its frames.
"""
import hashlib
import json
import os
import subprocess
import sys
import zlib

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

FOLDER = sys.argv[1]
SEGMENTATION, LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"
LOOP, STILL = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.6.1"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
# pydicom 2 writes no other syntax than those it knows; this one of the same length is replaced in the file.
STAND_IN = "1.2.840.10008.1.2.4.50"
Y, X = np.mgrid[0:21, 0:35]
# Of frames 0 to 3 of a loop; the second has no lesion, and the segments overlap in the fourth.
FIRST = [(X < 9) & (Y > frame) if frame != 1 else X < 0 for frame in range(4)]
SECOND = [(X + Y > 30) & (X > 9 + frame) if frame > 1 else X < 0 for frame in range(4)]
SECOND[3] = (X > 5) & (Y > 15)


def item(**values):
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value, scheme, meaning):
    return [item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)]


def derivation(instance, number=None, kind=LOOP):
    image = item(ReferencedSOPClassUID=kind, ReferencedSOPInstanceUID=instance, SpatialLocationsPreserved="YES",
                 PurposeOfReferenceCodeSequence=code("121322", "DCM", "Source image for image processing operation"))
    if number is not None:
        image.ReferencedFrameNumber = number
    return [item(SourceImageSequence=[image], DerivationCodeSequence=code("113076", "DCM", "Segmentation"))]


def segment(number, scheme="SCT"):
    category = ("49755003", "SCT", "Morphologically Altered Structure") if scheme == "SCT" else ("M-01000", "SRT", "Morphologically Altered Structure")
    kind = ("4147007", "SCT", "Mass") if scheme == "SCT" else ("M-03000", "SRT", "Mass")
    if number == 0:
        category, kind = ("91723000", "SCT", "Anatomical Structure"), ("125040", "DCM", "Background")
    return item(SegmentNumber=number, SegmentLabel=f"Läsion {number}", SegmentAlgorithmType="MANUAL",
                SegmentedPropertyCategoryCodeSequence=code(*category), SegmentedPropertyTypeCodeSequence=code(*kind))


def dimension(pointer, group):
    return item(DimensionOrganizationUID="1.2.3.99", DimensionIndexPointer=pointer, FunctionalGroupPointer=group)


SEGMENT = dimension(0x0062000B, 0x0062000A)
FRAME = dimension(0x00209128, 0x00209111)
LABEL = dimension(0x00209453, 0x00209111)
POSITION = dimension(0x00200032, 0x00209113)


def group(number=None, index=None, images=None, label=None):
    made = Dataset()
    if images:
        made.DerivationImageSequence = images
    if index or label:
        content = Dataset()
        if index:
            content.DimensionIndexValues = index
        if label:
            content.FrameLabel = label
        made.FrameContentSequence = [content]
    if number is not None:
        made.SegmentIdentificationSequence = [item(ReferencedSegmentNumber=number)]
    return made


def write(name, pixels, groups, expected, *, kind="BINARY", syntax=ExplicitVRLittleEndian, shared=None, series=None, dimensions=(),
          segments=(1, 2), scheme="SCT", bits=None, undefined=False, counts=None, compress=None):
    """`expected` is {image: {frame: {segment: mask}}}, or None: it is refused."""
    bits = bits or (1 if kind == "BINARY" else 8)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(SEGMENTATION)
    meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = generate_uid(), UID(STAND_IN if syntax == DEFLATED_FRAMES else syntax)
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, "SEG"
    ds.Rows, ds.Columns, ds.NumberOfFrames, ds.SamplesPerPixel = 21, 35, len(pixels), 1
    ds.PhotometricInterpretation, ds.PixelRepresentation = "MONOCHROME2", 0
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.SegmentationType = kind
    if kind == "FRACTIONAL":
        ds.SegmentationFractionalType, ds.MaximumFractionalValue = "OCCUPANCY", 100
    if kind == "LABELMAP":
        ds.PixelPaddingValue = 0
    ds.SegmentSequence = [segment(number, scheme) for number in segments]
    if dimensions:
        ds.DimensionOrganizationSequence = [item(DimensionOrganizationUID="1.2.3.99")]
        ds.DimensionIndexSequence = list(dimensions)
    if series:
        ds.ReferencedSeriesSequence = [item(SeriesInstanceUID="1.2.3.2", ReferencedInstanceSequence=[
            item(ReferencedSOPClassUID=LOOP, ReferencedSOPInstanceUID=instance) for instance in series])]
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = [shared or Dataset()], groups
    if undefined:
        for sequence in (ds.PerFrameFunctionalGroupsSequence, ds.SegmentSequence):
            sequence.is_undefined_length = True
            for each in sequence:
                each.is_undefined_length_sequence_item = True
    stack = np.stack(pixels)
    if syntax == DEFLATED_FRAMES:
        frames = []
        for frame in stack:
            deflate = zlib.compressobj(wbits=-15)
            frames.append(deflate.compress(np.packbits(frame.reshape(-1), bitorder="little").tobytes()) + deflate.flush())
        ds.PixelData = encapsulate(frames)
        ds["PixelData"].is_undefined_length = True
    elif bits == 1:
        data = np.packbits(stack.reshape(-1), bitorder="little").tobytes()
        ds.PixelData = data + b"\0" * (len(data) % 2)
    else:
        data = stack.astype("<u2" if bits == 16 else "u1").tobytes()
        ds.PixelData = data + b"\0" * (len(data) % 2)
    ds["PixelData"].VR = "OW" if syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian) or bits == 16 else "OB"
    if syntax == ExplicitVRBigEndian:
        words = np.frombuffer(ds.PixelData, "<u2")
        ds.PixelData = words.astype(">u2").tobytes()
    file = os.path.join(FOLDER, f"{name}.dcm")
    ds.save_as(file, write_like_original=False)
    if compress:
        subprocess.run(["gdcmconv", compress, file, file + ".tmp"], check=True, capture_output=True)
        os.replace(file + ".tmp", file)
    with open(file, "r+b") as opened:
        data = opened.read()
        if syntax == DEFLATED_FRAMES:
            data = data.replace(STAND_IN.encode(), DEFLATED_FRAMES.encode() + b"\0", 1)
        if kind == "LABELMAP":  # gdcm does not compress them
            data = data.replace(SEGMENTATION.encode(), LABEL_MAP.encode(), 2)
        opened.seek(0)
        opened.write(data)
    line = {"file": f"{name}.dcm", "counts": counts or {"1.2.3.4": 4}}
    if expected is None:
        line["refused"] = True
    else:
        line["expected"] = {image: {str(frame): {str(number): hashlib.sha256((np.asarray(mask) * 255).astype("u1").tobytes()).hexdigest()
                                                 for number, mask in masks.items()} for frame, masks in frames.items()}
                            for image, frames in expected.items()}
    print(json.dumps(line))


def loop_parts(skip_empty):
    """Segment by segment, as highdicom, dcmqi and Slicer order frames: (segment, frame, mask)."""
    return [(number, frame, mask) for number, masks in ((1, FIRST), (2, SECOND)) for frame, mask in enumerate(masks)
            if mask.any() or not skip_empty]


PARTS = loop_parts(True)
EVERY = loop_parts(False)
BY_FRAME = {frame: {number: mask for number, at, mask in PARTS if at == frame} for frame in (0, 2, 3)}
ALL = {frame: {1: FIRST[frame], 2: SECOND[frame]} for frame in range(4)}
numbered = [group(number, [number], derivation("1.2.3.4", frame + 1)) for number, frame, _ in PARTS]
write("highdicom", [mask for *_, mask in PARTS], numbered, {"1.2.3.4": BY_FRAME}, dimensions=[SEGMENT], series=["1.2.3.4"])
write("highdicom-big-endian", [mask for *_, mask in PARTS], numbered, {"1.2.3.4": BY_FRAME}, dimensions=[SEGMENT], syntax=ExplicitVRBigEndian)
write("highdicom-deflated-frames", [mask for *_, mask in PARTS], numbered, {"1.2.3.4": BY_FRAME}, dimensions=[SEGMENT], syntax=DEFLATED_FRAMES)
for option in ("", "--rle", "--j2k", "--jpegls", "--jpeg"):
    write(f"highdicom-fractional{option}", [mask * 60 + 30 for *_, mask in PARTS], numbered, {"1.2.3.4": BY_FRAME}, kind="FRACTIONAL",
          dimensions=[SEGMENT], compress=option or None)
    labels = [np.where(SECOND[frame] & ~FIRST[frame], 2, FIRST[frame] * 1) for frame in range(4)]
    mapped = {frame: {number: label == number for number in (1, 2) if (label == number).any()} for frame, label in enumerate(labels)}
    for bits in (8, 16):
        write(f"labelmap-{bits}{option}", labels, [group(None, [frame + 1], derivation("1.2.3.4", frame + 1), f"frame {frame + 1}") for frame in range(4)],
              {"1.2.3.4": mapped}, kind="LABELMAP", bits=bits, dimensions=[LABEL], segments=(0, 1, 2), compress=option or None)

stills = {f"1.2.3.4.{frame}": 1 for frame in range(4)}
one_by_one = {f"1.2.3.4.{frame}": {0: BY_FRAME[frame]} for frame in BY_FRAME}
# The index of the second dimension begins with 1 in each segment.
ranks = [sum(1 for other, at, _ in PARTS if other == number and at <= frame) for number, frame, _ in PARTS]
per_image = [group(number, [number, rank], derivation(f"1.2.3.4.{frame}", kind=STILL)) for (number, frame, _), rank in zip(PARTS, ranks)]
for kind in ("BINARY", "FRACTIONAL"):
    write(f"dcmqi-{kind.lower()}", [mask if kind == "BINARY" else mask * 100 for *_, mask in PARTS], per_image, one_by_one, kind=kind,
          dimensions=[SEGMENT, POSITION], scheme="SRT", undefined=True, series=list(stills), counts=stills)
write("slicer-overlapping", [mask for number, frame, mask in PARTS if frame == 3], [group(number, [number, 1], derivation("1.2.3.4", kind=STILL)) for number in (1, 2)],
      {"1.2.3.4": {0: ALL[3]}}, dimensions=[SEGMENT, POSITION], counts={"1.2.3.4": 1})

# The numbers of the frames are missing.
order = [group(number, [number, frame + 1]) for number, frame, _ in EVERY]
write("series-all", [mask for *_, mask in EVERY], order, {"1.2.3.4": ALL}, dimensions=[SEGMENT, FRAME], series=["1.2.3.4"])
write("series-no-dimensions", [mask for *_, mask in EVERY], [group(number) for number, *_ in EVERY], {"1.2.3.4": ALL}, series=["1.2.3.4"])
write("series-reversed", [mask for *_, mask in EVERY[::-1]], order[::-1], {"1.2.3.4": ALL}, dimensions=[SEGMENT, FRAME], series=["1.2.3.4"])
write("series-labelmap", labels, [group(None, [frame + 1]) for frame in range(4)], {"1.2.3.4": mapped}, kind="LABELMAP", dimensions=[LABEL],
      segments=(0, 1, 2), series=["1.2.3.4"])
write("series-some", [mask for *_, mask in PARTS], [group(number, [number, rank]) for (number, *_), rank in zip(PARTS, ranks)], None,
      dimensions=[SEGMENT, FRAME], series=["1.2.3.4"])
write("series-one-of-loop", [FIRST[0]], [group(1, [1, 1])], None, dimensions=[SEGMENT, FRAME], segments=(1,), series=["1.2.3.4"])
write("series-several-images", [FIRST[0]], [group(1)], None, segments=(1,), series=["1.2.3.4", "1.2.3.5"])
write("every-frame", [FIRST[0]], [group(1, None, derivation("1.2.3.4"))], {"1.2.3.4": {frame: {1: FIRST[0]} for frame in range(4)}}, segments=(1,))
write("other-frame", [FIRST[0]], [group(1, None, derivation("1.2.3.4", 5))], None, segments=(1,))
write("two-frames", [FIRST[0]], [group(1, None, derivation("1.2.3.4", [2, 4]))], {"1.2.3.4": {1: {1: FIRST[0]}, 3: {1: FIRST[0]}}}, segments=(1,))

# A still image, named in one place only.
both = {"1.2.3.4": {0: ALL[3]}}
for name, syntax in (("shared", ImplicitVRLittleEndian), ("deflated", DeflatedExplicitVRLittleEndian)):
    write(f"still-{name}", [FIRST[3], SECOND[3]], [group(1), group(2)], both, syntax=syntax,
          shared=group(None, None, derivation("1.2.3.4", kind=STILL)), counts={"1.2.3.4": 1})
write("still-series", [FIRST[3], SECOND[3]], [group(1), group(2)], both, series=["1.2.3.4"], counts={"1.2.3.4": 1})
