"""Wrong arguments and damaged files: one line, a code, and a model that can be used again."""

from __future__ import annotations

import unittest
from typing import Any, Dict, List

import numpy as np

import sonomask
from support import PHANTOMS, ROOT, Case


class BadInput(Case):
    def tearDown(self) -> None:
        self.assertTrue(self.model.segment(PHANTOMS[0]).lesions)

    def test_arrays(self) -> None:
        grey = sonomask.decode(PHANTOMS[0])
        nan = grey.astype(np.float32)
        nan[0, 0] = np.nan
        wrong: Any
        for wrong, mention in (
            (grey.astype(np.uint16), "uint16"),
            (grey.astype(np.int64), "int64"),
            (grey.astype(np.float64) / 255, "float64"),
            (nan, "NaN"),
            (grey > 9, "bool"),
            (grey.astype(object), "object"),
            (grey.astype(complex), "complex128"),
            (grey.astype(str), "instead of uint8"),
            (grey.astype(">u2"), ">u2"),
            (grey[0], "shape"),
            (np.ones((), np.uint8), "shape"),
            (grey[np.newaxis, np.newaxis], "shape"),
            (np.stack([grey] * 2, axis=2), "channels"),
            (np.stack([grey] * 5, axis=2), "channels"),
            (np.moveaxis(np.stack([grey] * 3, axis=2), 2, 0), "channels"),
            (np.ma.MaskedArray(grey, mask=grey == grey[0, 0]), "masked"),  # type: ignore[no-untyped-call]
        ):
            with self.subTest(mention=mention, shape=wrong.shape):
                self.assert_refused("argument", self.model.segment, wrong, mentions=mention)
                self.assert_refused("argument", self.model.open, wrong, mentions=mention)
        self.assert_refused("image-too-small", self.model.segment, np.zeros((1, 1), np.uint8))
        self.assert_refused("image-too-small", self.model.segment, np.zeros((0, 5), np.uint8))
        self.assert_refused("image-too-large", self.model.segment, np.broadcast_to(np.uint8(0), (9000, 9000)))

    def test_other_objects(self) -> None:
        for wrong in (None, 3, [[1, 2], [3, 4]], {"data": 1}, object()):
            with self.subTest(wrong=wrong):
                self.assert_refused("argument", self.model.segment, wrong, mentions=type(wrong).__name__)
        self.assert_refused("argument", sonomask.decode, np.zeros((2, 2), np.uint8))
        self.assert_refused("argument", sonomask.encode_png, b"")
        self.assert_refused("argument", sonomask.contours, np.zeros((2, 2), np.int32))
        self.assert_refused("argument", sonomask.contours, np.zeros((2, 2, 2), bool))

    def test_files(self) -> None:
        folder = self.folder()
        png = PHANTOMS[0].read_bytes()
        for name, content, code in (
            ("empty.png", b"", "image-empty"),
            ("text.png", b"hello" * 100, "image-format"),
            ("page.png", b"<!doctype html><title>404</title>", "image-format"),
            ("half.png", png[: len(png) // 2], "image-format"),
        ):
            with self.subTest(name):
                file = folder / name
                file.write_bytes(content)
                self.assert_refused(code, self.model.segment, file, mentions=str(file))
                self.assert_refused(code, self.model.segment, content)
        self.assert_refused("io", self.model.segment, folder / "missing.png", mentions="missing.png")
        self.assert_refused("io", self.model.segment, folder, mentions=str(folder))
        self.assert_refused("io", self.model.segment, "nul\0.png")

    def test_options(self) -> None:
        wrong: List[Dict[str, Any]] = [{"threshold": 1.5}, {"threshold": float("nan")}, {"threshold": "much"}, {"threshold": "0.5"}, {"minimum_area": -0.1},
                        {"operating_point": 0.7}, {"operating_point": "high"}]
        for options in wrong:
            with self.subTest(options):
                self.assert_refused("argument", self.model.segment, PHANTOMS[0], mentions=next(iter(options)), **options)

    def test_weights(self) -> None:
        load = sonomask.Model.load
        weights = (ROOT / "weights/sonomask.safetensors").read_bytes()
        file = self.folder() / "cut.safetensors"
        file.write_bytes(weights[:100_000])
        self.assert_refused("weights", load, file, mentions=str(file))
        self.assert_refused("weights", load, b"")
        self.assert_refused("weights", load, PHANTOMS[0])
        self.assert_refused("io", load, "missing.safetensors", mentions="missing.safetensors")
        self.assert_refused("argument", load, 5)
        self.assert_refused("argument", load, backend="cuda", mentions="avx2")
        for size in (31, 100, 2048, 96.0, True):
            self.assert_refused("argument", load, input_size=size)
        for threads in (0, -1, 1000, "two"):
            self.assert_refused("argument", load, threads=threads)

    def test_maps(self) -> None:
        zeros = np.zeros((8, 8), np.float32)
        measure = self.model.measure
        self.assert_refused("argument", measure, zeros.astype(np.float64), mentions="float64")
        self.assert_refused("argument", measure, zeros[0])
        self.assert_refused("argument", measure, [[0]])
        self.assert_refused("argument", measure, zeros, probability_map=zeros)
        self.assert_refused("argument", measure, zeros > 1, probability_map=zeros[:4])
        self.assert_refused("argument", measure, zeros, threshold=2)
        damaged = zeros.copy()
        damaged[3, 4] = np.nan
        self.assert_refused("argument", measure, damaged, mentions="NaN")
        self.assert_refused("argument", measure, zeros > 1, probability_map=damaged, mentions="NaN")


if __name__ == "__main__":
    unittest.main()
