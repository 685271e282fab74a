"""DICOM SEG and SR by the Python package, judged by dciodvfy."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import subprocess
import unittest
import warnings
from pathlib import Path
from typing import Any, List

import numpy as np
from support import Case

import sonomask

try:
    import pydicom
    from pydicom.dataset import Dataset

    from sonomask import dicom

    HAS_PYDICOM = True
except ImportError:
    HAS_PYDICOM = False


LEFT_OUT = [
    f"Warning - </{attribute}> - Missing attribute or value that would be needed to build DICOMDIR"
    for attribute in ("PatientID(0010,0020)", "StudyDate(0008,0020)", "StudyTime(0008,0030)", "StudyID(0020,0010)")
]
OWN_CODES = {
    "HEIGHT-RATIO", "AXIS-RATIO", "ROUGHNESS", "EDGE-CONTRAST", "WEAK-EDGE", "CORNERS", "LOBES", "SPICULES", "ECHO-RATIO",
    "ECHO-SPREAD", "POSTERIOR-RATIO", "HALO-RATIO", "NOT-CIRCUMSCRIBED", "HETEROGENEOUS",
}  # fmt: skip
FOREIGN = Path(__file__).parents[1] / "dicom" / "make_segmentation.py"


def own_codes(item: Any) -> List[str]:
    """The codes of the program's own scheme in a data set."""
    found = []
    for element in item:
        if element.VR == "SQ":
            for each in element.value:
                if getattr(each, "CodingSchemeDesignator", "") == "99SONOMASK" and "CodeValue" in each:
                    found.append(str(each.CodeValue))
                found += own_codes(each)
    return found


def source_of(frames: int, instance: str = "1.2.3.4") -> Any:
    """A source with the attributes that matter, 200 x 150 pixels of 0.2 mm."""
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType = 1, 1
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 200, 150
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.02
    source = Dataset()
    source.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1" if frames > 1 else "1.2.840.10008.5.1.4.1.1.6.1"
    source.SOPInstanceUID, source.StudyInstanceUID, source.SeriesInstanceUID = instance, "1.2.3.1", "1.2.3.2"
    source.PatientName, source.PatientID, source.StudyDescription = "Doe^Jane", "7", "Breast left"
    source.Rows, source.Columns = 150, 200
    source.SequenceOfUltrasoundRegions = [region]
    if frames > 1:
        source.NumberOfFrames = frames
    return source


@unittest.skipUnless(HAS_PYDICOM and shutil.which("dciodvfy"), "pydicom and dicom3tools are not installed")
class TestDicom(Case):
    def judged(self, made: Any) -> Any:
        """The object as it is read again; dciodvfy finds no error and no warning but those of missing patient data and own codes."""
        path = self.folder() / "made.dcm"
        made.save_as(path)
        answer = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        lines = (answer.stdout + answer.stderr).splitlines()
        read = pydicom.dcmread(path)
        own = own_codes(read)
        self.assertLessEqual(set(own), OWN_CODES)
        warned = [line for line in lines if line.endswith("- Unrecognized defined term = <99SONOMASK>")]
        self.assertEqual(len(warned), len(own) + ("CodingSchemeIdentificationSequence" in read))
        faults = [line for line in lines if line.startswith(("Error", "Warning")) and line not in LEFT_OUT and line not in warned]
        self.assertEqual(faults, [])
        return read

    def answers(self) -> List[sonomask.Segmentation]:
        y, x = np.mgrid[0:150, 0:200]
        lesion = np.where(((x - 90) / 40) ** 2 + ((y - 70) / 25) ** 2 < 1, 30, 120).astype(np.uint8)
        noise = np.random.default_rng(1).integers(0, 60, lesion.shape, dtype=np.uint8)
        return [self.model.segment(lesion + noise, threshold=0.5), self.model.segment(np.full((150, 200), 90, np.uint8))]

    def test_frames_of_a_loop(self) -> None:
        results = self.answers()
        self.assertTrue(results[0].lesions)
        source = source_of(5)
        seg = self.judged(dicom.segmentation(source, results, self.model, frames=[3, 1]))
        united = np.zeros((150, 200), np.uint8)
        pixels = seg.pixel_array.reshape((-1, 150, 200))
        for frame, group in zip(pixels, seg.PerFrameFunctionalGroupsSequence):
            if group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber == 4:
                united |= frame
        np.testing.assert_array_equal(united * 255, results[0].mask)
        masks = dicom.read_segmentation(seg, source)
        self.assertEqual(sorted(masks), sorted(frame for frame, result in zip([3, 1], results) if result.lesions))
        np.testing.assert_array_equal(np.any(list(masks[3].values()), axis=0) * 255, results[0].mask)
        self.assertEqual(seg.SeriesDescription, "sonomask segmentation, 2 of 5 frames (research use)")
        self.assertEqual(list(seg.SegmentSequence[0].RecommendedDisplayCIELabValue), [44026, 49000, 50886])
        self.assertEqual((seg.PatientName, seg.PatientIdentityRemoved), ("", "YES"))
        report = self.judged(dicom.report(source, seg, results, self.model, frames=[3, 1]))
        groups = report.ContentSequence[-1].ContentSequence
        self.assertEqual(len(groups), sum(max(1, len(result.lesions)) for result in results))
        axes = [
            float(item.MeasuredValueSequence[0].NumericValue)
            for item in groups[0].ContentSequence
            if item.ValueType == "NUM" and item.ConceptNameCodeSequence[0].CodeMeaning == "Long Axis"
        ]
        self.assertAlmostEqual(axes[0], 0.2 * results[0].lesions[0].long_axis, places=3)
        names = [item.ConceptNameCodeSequence[0].CodeMeaning for item in groups[0].ContentSequence]
        for name in ("Width", "Height", "Distance from skin", "Roughness of the edge", "Spicules of the outline", "Shape", "Orientation", "Margins"):
            self.assertIn(name, names)

    def test_probabilities_and_names(self) -> None:
        result = self.answers()[0]
        seg = self.judged(dicom.segmentation(source_of(1), [result], self.model, fractional=True, patient=True))
        np.testing.assert_array_equal(seg.pixel_array, np.rint(result.probability_map * 255))
        self.assertEqual((seg.PatientName, seg.StudyDescription), ("Doe^Jane", "Breast left"))

    def test_without_a_lesion(self) -> None:
        result = self.model.segment(np.full((150, 200), 90, np.uint8), threshold=1)
        self.assertEqual(result.lesions, [])
        seg = self.judged(dicom.segmentation(source_of(1), [result], self.model))
        self.assertFalse(seg.pixel_array.any())
        self.judged(dicom.report(source_of(1), seg, [result], self.model))

    def test_segmentations_of_other_programs(self) -> None:
        """The same masks as those that tests/node/derived.test.js expects of the JavaScript reader."""
        folder = self.folder()
        lines = subprocess.run(["/usr/bin/python3", str(FOREIGN), str(folder)], capture_output=True, text=True, check=True).stdout
        for line in lines.splitlines():
            made = json.loads(line)
            if made["file"] == "highdicom-deflated-frames.dcm":
                continue  # pydicom 2 does not decode it
            seg = pydicom.dcmread(folder / made["file"])
            for instance, count in made["counts"].items():
                source = Dataset()
                source.SOPInstanceUID, source.NumberOfFrames, source.Rows, source.Columns = instance, count, 21, 35
                with self.subTest(made["file"], instance=instance):
                    expected = made.get("expected", {}).get(instance)
                    if expected is None:
                        self.assert_refused("argument", dicom.read_segmentation, seg, source)
                        continue
                    found = {
                        str(frame): {str(number): hashlib.sha256((mask * 255).astype("u1").tobytes()).hexdigest() for number, mask in masks.items()}
                        for frame, masks in dicom.read_segmentation(seg, source).items()
                    }
                    self.assertEqual(found, expected)

    def test_a_compression_that_nothing_decodes_is_named(self) -> None:
        seg = dicom.segmentation(source_of(1), [self.answers()[0]], self.model)
        seg.file_meta.TransferSyntaxUID = pydicom.uid.UID("1.2.840.10008.1.2.4.100")  # MPEG-2
        with self.assertRaisesRegex(sonomask.SonomaskError, "^pydicom cannot decode its frames \\(MPEG2") as caught:
            dicom.read_segmentation(seg, source_of(1))
        self.assertEqual(caught.exception.code, "argument")

    def test_bad_input(self) -> None:
        result = self.answers()[0]
        other = source_of(1)
        other.Rows = 151
        for source, frames in ((source_of(1, ""), [0]), (other, [0]), (source_of(2), [2]), (source_of(2), [0, 1])):
            with self.assertRaises(sonomask.SonomaskError) as caught:
                dicom.segmentation(source, [result], self.model, frames=frames)
            self.assertEqual(caught.exception.code, "argument")

    def test_corrected_outlines(self) -> None:
        source, automatic = source_of(1), self.answers()[0]
        for result in (automatic, dataclasses.replace(automatic, refined=True)):
            seg = self.judged(dicom.segmentation(source, [result], self.model))
            self.assertEqual(seg.SegmentSequence[0].SegmentAlgorithmType, "SEMIAUTOMATIC" if result.refined else "AUTOMATIC")
            report = self.judged(dicom.report(source, seg, [result], self.model))
            comments = [item.TextValue for group in report.ContentSequence[-1].ContentSequence for item in group.ContentSequence
                        if item.ValueType == "TEXT" and item.ConceptNameCodeSequence[0].CodeMeaning == "Comment"]  # fmt: skip
            self.assertEqual(comments, ["Outline corrected by a reader"] * len(result.lesions) if result.refined else [])

    def test_lossy_compression(self) -> None:
        result = self.answers()[0]
        #: Empty offset table, and fragments of 4000 and 2000 bytes: 5 to 1.
        fragments = [b"\xfe\xff\x00\xe0" + len(part).to_bytes(4, "little") + part for part in (b"", bytes(4000), bytes(2000))]
        pixels = b"".join(fragments) + b"\xfe\xff\xdd\xe0" + bytes(4)
        cases: List[Any] = [
            ("4.50", {}, 5, "ISO_10918_1"), ("4.102", {}, 5, "ISO_14496_10"), ("4.81", {}, None, None), ("1", {}, None, None),
            ("4.91", {"LossyImageCompression": "01"}, 5, "ISO_15444_1"),
            ("4.50", {"LossyImageCompression": "01", "LossyImageCompressionRatio": ["12.5", "3"],
                      "LossyImageCompressionMethod": ["ISO_15444_1", "ISO_10918_1"]}, [12.5, 3], ["ISO_15444_1", "ISO_10918_1"]),
        ]  # fmt: skip
        for end, said, ratio, method in cases:
            source = source_of(1)
            source.file_meta = pydicom.dataset.FileMetaDataset()
            source.file_meta.TransferSyntaxUID = pydicom.uid.UID(f"1.2.840.10008.1.2.{end}")
            source.PixelData = pixels
            for keyword, value in said.items():
                setattr(source, keyword, value)
            with self.subTest(end, said=said):
                seg = self.judged(dicom.segmentation(source, [result], self.model))
                self.assertEqual(seg.LossyImageCompression, "01" if ratio else "00")
                self.assertEqual(getattr(seg, "LossyImageCompressionRatio", None), ratio)
                self.assertEqual(getattr(seg, "LossyImageCompressionMethod", None), method)

    def test_sources_that_nothing_can_refer_to(self) -> None:
        result = self.answers()[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of both
            named, long, flat = source_of(1, "REMOVED"), source_of(1), source_of(1)
            long.StudyInstanceUID = "1." + "2" * 63
        del flat.Rows
        for source in (named, long, flat):
            self.assert_refused("argument", dicom.segmentation, source, [result], self.model)

    def test_reports_on_other_segmentations(self) -> None:
        result = self.answers()[0]
        source, loop = source_of(1), source_of(3)
        empty = self.model.segment(np.full((150, 200), 90, np.uint8), threshold=1)
        of_loop = dicom.segmentation(loop, [result, empty], self.model, frames=[0, 1])
        fractional = dicom.segmentation(source, [result], self.model, fractional=True)
        of_other = dicom.segmentation(source_of(1, "1.2.3.5"), [result], self.model)
        for about, seg, frames in (
            (source, fractional, [0]), (source, of_other, [0]), (source, source, [0]), (loop, of_loop, [1]),
        ):  # fmt: skip
            self.assert_refused("argument", dicom.report, about, seg, [result], self.model, frames=frames)


if __name__ == "__main__":
    unittest.main()
