#!/usr/bin/python3
"""Prints what pydicom reads from DICOM SEG and SR files, as one JSON object per file:

    /usr/bin/python3 read_segmentation.py FILE...

A SEG: `frames` with source, frame number, segment, and the SHA-256 of the mask or levels (a byte per pixel). An SR: `items`, all
content items as paths of meanings with their values.
"""
import hashlib
import json
import sys

import pydicom


def frames_of(ds):
    pixels = ds.pixel_array.reshape((int(ds.NumberOfFrames), ds.Rows, ds.Columns))
    found = []
    for frame, group in zip(pixels, ds.PerFrameFunctionalGroupsSequence):
        image = group.DerivationImageSequence[0].SourceImageSequence[0]
        found.append({
            "source": image.ReferencedSOPInstanceUID,
            "frame": int(getattr(image, "ReferencedFrameNumber", 0)),
            "segment": group.SegmentIdentificationSequence[0].ReferencedSegmentNumber,
            "index": list(group.FrameContentSequence[0].DimensionIndexValues),
            "sha256": hashlib.sha256(frame.astype("u1").tobytes()).hexdigest(),
        })
    return found


def items_of(item, path=()):
    names = getattr(item, "ConceptNameCodeSequence", [])
    here = (*path, names[0].CodeMeaning if names else item.ValueType)
    kind = item.ValueType
    value = None
    if kind == "NUM":
        number = item.MeasuredValueSequence[0]
        value = [float(number.NumericValue), number.MeasurementUnitsCodeSequence[0].CodeValue]
    elif kind == "CODE":
        value = item.ConceptCodeSequence[0].CodeMeaning
    elif kind == "TEXT":
        value = item.TextValue
    elif kind == "UIDREF":
        value = item.UID
    elif kind == "PNAME":
        value = str(item.PersonName)
    elif kind == "IMAGE":
        reference = item.ReferencedSOPSequence[0]
        value = [reference.ReferencedSOPInstanceUID, int(getattr(reference, "ReferencedFrameNumber", 0))]
    found = [] if value is None else [["/".join(here[2:]), value]]
    for child in getattr(item, "ContentSequence", []):
        found += items_of(child, here)
    return found


for file in sys.argv[1:]:
    ds = pydicom.dcmread(file)
    facts = {
        "class": ds.SOPClassUID, "instance": ds.SOPInstanceUID, "study": ds.StudyInstanceUID,
        "name": str(ds.PatientName), "id": ds.PatientID, "removed": getattr(ds, "PatientIdentityRemoved", ""),
    }
    if ds.Modality == "SEG":
        facts["frames"] = frames_of(ds)
        facts["tracking"] = [getattr(segment, "TrackingUID", "") for segment in ds.SegmentSequence]
        # Segments that a reader drew have no algorithm.
        algorithms = getattr(ds.SegmentSequence[0], "SegmentationAlgorithmIdentificationSequence", [])
        facts["parameters"] = algorithms[0].AlgorithmParameters if algorithms else ""
    else:
        facts["items"] = items_of(ds)
    print(json.dumps(facts))
