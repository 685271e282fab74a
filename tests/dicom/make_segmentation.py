#!/usr/bin/python3
"""Writes DICOM SEG files in the manners of other programs, with pydicom:

    /usr/bin/python3 make_segmentation.py DIR

shared.dcm: the image is named once for all frames, as implicit little endian; deflated.dcm: named in each frame; series.dcm: named
in the referenced series only; fractional.dcm: occupancy in steps of 1/100; several.dcm: of the frames 2 and 4 of the image. Each has two overlapping segments of 35 x 21 pixels:
x < 9, and x + y > 30, of the image 1.2.3.4.
"""
import os
import sys

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

Y, X = np.mgrid[0:21, 0:35]
MASKS = np.stack([X < 9, X + Y > 30])


def derivation():
    image, derived = Dataset(), Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.3.4"
    derived.SourceImageSequence = [image]
    return [derived]


for name, syntax in (
    ("shared", ImplicitVRLittleEndian), ("deflated", DeflatedExplicitVRLittleEndian), ("series", ExplicitVRLittleEndian),
    ("fractional", ExplicitVRLittleEndian), ("several", ExplicitVRLittleEndian),
):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID("1.2.840.10008.5.1.4.1.1.66.4"), generate_uid()
    meta.TransferSyntaxUID = syntax
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = True, syntax == ImplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, "SEG"
    ds.Rows, ds.Columns, ds.NumberOfFrames, ds.SamplesPerPixel = 21, 35, 2, 1
    fractional = name == "fractional"
    ds.BitsAllocated = ds.BitsStored = 8 if fractional else 1
    ds.SegmentationType = "FRACTIONAL" if fractional else "BINARY"
    if fractional:
        ds.MaximumFractionalValue = 100
    shared, frames = Dataset(), [Dataset(), Dataset()]
    if name == "shared":
        shared.DerivationImageSequence = derivation()
    elif name == "series":
        series, instance = Dataset(), Dataset()
        instance.ReferencedSOPInstanceUID = "1.2.3.4"
        series.ReferencedInstanceSequence = [instance]
        ds.ReferencedSeriesSequence = [series]
    else:
        for frame in frames:
            frame.DerivationImageSequence = derivation()
            if name == "several":
                frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber = [2, 4]
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = [shared], frames
    bits = (MASKS * 60 + 20).astype("u1") if fractional else np.packbits(MASKS.reshape(-1), bitorder="little")
    ds.PixelData = bits.tobytes() + b"\0" * (bits.size % 2)
    ds["PixelData"].VR = "OB" if syntax != ImplicitVRLittleEndian else "OW"
    ds.save_as(os.path.join(sys.argv[1], f"{name}.dcm"), write_like_original=False)
