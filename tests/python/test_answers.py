"""Answers are those of the native command, whatever form the image comes in."""

from __future__ import annotations

import json
import pathlib
import struct
import sys
import unittest
import zlib
from dataclasses import asdict
from typing import Any, Dict, List

import numpy as np

import sonomask
from support import PHANTOMS, PROGRAM, PROMPT_WEIGHTS, ROOT, Case, golden, mask_of_runs, run, without_time


class Answers(Case):
    def test_golden_answers(self) -> None:
        known = golden()
        for file, wanted in known["answers"].items():
            with self.subTest(file):
                result = self.model.segment(ROOT / file)
                mask = mask_of_runs(wanted["mask"], wanted["height"], wanted["width"])
                self.assertEqual(result.type, wanted["type"])
                self.assertLessEqual(
                    np.count_nonzero(result.mask != mask), np.ceil(known["tolerances"]["mask_share"] * mask.size)
                )
                for name, value in wanted["probabilities"].items():
                    self.assertAlmostEqual(result.probabilities[name], value, delta=known["tolerances"]["probability"])
                self.assertEqual(len(result.lesions), len(wanted["lesions"]))
                for lesion, words in zip(result.lesions, wanted["descriptors"]):
                    assert lesion.descriptors is not None
                    for name, value in asdict(lesion.descriptors).items():
                        known_value = words[f"{name}_px" if name in ("width", "height", "depth") else name]
                        if isinstance(value, float):
                            self.assertAlmostEqual(value, known_value, delta=0.02 * max(1.0, known_value))
                        else:
                            self.assertEqual(value, known_value, name)

    def test_an_edited_mask_is_described_with_its_image(self) -> None:
        file = ROOT / "web/samples/phantom-1.png"
        pixels, result = sonomask.decode(file), self.model.segment(file)
        places = [region.rectangle for region in result.regions]
        described = self.model.measure(result.mask, image=pixels, regions=places).lesions[0].descriptors
        self.assertEqual(described, result.lesions[0].descriptors)
        self.assertEqual(self.model.measure(result.mask, image=pixels).lesions[0].descriptors, described)
        self.assertIsNone(self.model.measure(result.mask).lesions[0].descriptors)
        with self.model.open(file) as image:
            image.segment()
            refined = image.refine([sonomask.Click(120, 150)])
            self.assertEqual(refined.lesions[0].descriptors.shape, "oval")  # type: ignore[union-attr]
        wrong: List[Any] = [
            {"image": pixels[:-1]},
            {"image": "x.png"},
            {"image": pixels, "regions": [(0, 0, 10_000, 400)]},
        ]
        for options in wrong:
            with self.subTest(options), self.assertRaises(sonomask.SonomaskError) as caught:
                self.model.measure(result.mask, **options)
            self.assertEqual(caught.exception.code, "argument")

    def test_the_command_is_the_native_one(self) -> None:
        folder = self.folder()
        prompts = folder / "prompts.jsonl"
        prompts.write_text('{"file": "phantom-2.png", "clicks": [{"x": 100, "y": 100, "inside": true}]}\n')
        lines: List[List[Any]] = [[], ["--overlay", "--model", PROMPT_WEIGHTS, "--prompts", prompts]]
        for options in lines:
            outputs = []
            commands: Dict[str, List[Any]] = {"native": [PROGRAM], "python": [sys.executable, "-m", "sonomask"]}
            for name, command in commands.items():
                done = run(*command, "predict", *options, "--out", folder / name, *PHANTOMS, cwd=ROOT)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(done.stdout.splitlines()), len(PHANTOMS))
                files = {path.name: path.read_bytes() for path in (folder / name).iterdir()}
                outputs.append((without_time(done.stdout), done.stderr, files))
            self.assertEqual(outputs[0], outputs[1])

    def test_results_are_those_of_the_command(self) -> None:
        folder = self.folder()
        done = run(PROGRAM, "predict", "--out", folder, *PHANTOMS)
        for path, line in zip(PHANTOMS, done.stdout.splitlines()):
            answer, result = json.loads(line), self.model.segment(path)
            np.testing.assert_array_equal(sonomask.decode(folder / f"{path.stem}_mask.png"), result.mask)
            self.assertEqual((answer["width"], answer["height"]), (result.width, result.height))
            for name in ("presence", "expected_dice", "outlier_score"):
                self.assertAlmostEqual(answer[name], getattr(result, name), delta=1e-5)
            for wanted, lesion in zip(answer["lesions"], result.lesions):
                self.assertEqual(wanted["area_px"], lesion.area)
                self.assertEqual(tuple(wanted["bbox"]), lesion.bbox)
                self.assertAlmostEqual(wanted["long_axis_px"], lesion.long_axis, delta=1e-3)
                self.assertAlmostEqual(wanted["short_axis_px"], lesion.short_axis, delta=1e-3)
            self.assertEqual(len(answer["lesions"]), len(result.lesions))
            areas = [lesion.area for lesion in result.lesions]
            self.assertEqual(areas, sorted(areas, reverse=True))

    def test_every_form_of_the_same_image(self) -> None:
        path = PHANTOMS[0]
        wanted = self.model.segment(path)
        grey = sonomask.decode(path)
        self.assertEqual((grey.dtype, grey.shape), (np.uint8, (wanted.height, wanted.width)))
        rgb = np.repeat(grey[:, :, np.newaxis], 3, axis=2)
        rgba = np.dstack([rgb, np.full_like(grey, 255)])
        locked = grey.copy()
        locked.flags.writeable = False
        wide = np.zeros((grey.shape[0], 2 * grey.shape[1]), dtype=np.uint8)
        wide[:, ::2] = grey
        forms: Dict[str, Any] = {
            "text": str(path),
            "bytes": path.read_bytes(),
            "bytearray": bytearray(path.read_bytes()),
            "memoryview": memoryview(path.read_bytes()),
            "grey": grey,
            "one channel": grey[:, :, np.newaxis],
            "RGB": rgb,
            "RGBA": rgba,
            "BGR reversed": np.ascontiguousarray(rgb[:, :, ::-1])[:, :, ::-1],
            "read-only": locked,
            "Fortran order": np.asfortranarray(grey),
            "every other column": wide[:, ::2],
            "flipped twice": np.ascontiguousarray(grey[::-1])[::-1],
            "own encoding": sonomask.encode_png(rgb),
        }
        for name, form in forms.items():
            with self.subTest(name):
                self.assert_same(wanted, self.model.segment(form))

    def test_options(self) -> None:
        low, high = (self.model.segment(PHANTOMS[0], threshold=level) for level in (0.2, 0.9))
        self.assertGreater(low.lesions[0].area, high.lesions[0].area)
        np.testing.assert_array_equal(low.mask != 0, low.probability_map >= np.float32(0.2))
        self.assertEqual(self.model.segment(PHANTOMS[0], minimum_area=1).lesions, [])
        averaged = self.model.segment(PHANTOMS[0], flip_average=True)
        self.assertFalse(np.array_equal(averaged.probability_map, low.probability_map))

    def test_kernels_threads_and_sizes(self) -> None:
        wanted = self.model.segment(PHANTOMS[1])
        for backend in ("scalar", "simd128"):
            model = sonomask.Model.load(backend=backend, threads=1)
            self.assertEqual(model.info.threads, 1)
            other = model.segment(PHANTOMS[1])
            np.testing.assert_allclose(other.probability_map, wanted.probability_map, atol=1e-4)
        small = sonomask.Model.load(input_size=96)
        self.assertEqual(small.info.input_size, 96)
        self.assertEqual(small.segment(PHANTOMS[1]).mask.shape, wanted.mask.shape)

    def test_weights_from_path_and_bytes(self) -> None:
        file = ROOT / "weights/sonomask.safetensors"
        wanted = self.model.segment(PHANTOMS[0])
        forms: List[Any] = [file, str(file), file.read_bytes()]
        for weights in forms:
            self.assert_same(wanted, sonomask.Model.load(weights).segment(PHANTOMS[0]))

    def test_measuring_again(self) -> None:
        result = self.model.segment(PHANTOMS[0])
        again = self.model.measure(result.probability_map)
        np.testing.assert_array_equal(again.mask, result.mask)
        for lesion, other in zip(result.lesions, again.lesions):
            self.assertEqual((lesion.area, lesion.bbox), (other.area, other.bbox))
            self.assertAlmostEqual(lesion.expected_dice, other.expected_dice, delta=1e-6)
        edited = result.mask != 0
        edited[:5, :5] = True
        drawn = self.model.measure(edited, probability_map=result.probability_map)
        self.assertEqual([lesion.area for lesion in drawn.lesions], [result.lesions[0].area, 25])
        without_speck = self.model.measure(edited, minimum_area=0.001)
        self.assertEqual([lesion.area for lesion in without_speck.lesions], [result.lesions[0].area])
        np.testing.assert_array_equal(without_speck.mask, result.mask)

    def test_contours_enclose_the_mask(self) -> None:
        mask = np.zeros((20, 30), dtype=bool)
        mask[4:14, 5:25] = True
        mask[6:8, 10:12] = False
        outer, hole = sorted(sonomask.contours(mask), key=lambda contour: contour.is_hole)
        self.assertEqual((outer.is_hole, hole.is_hole), (False, True))
        self.assertEqual({tuple(point) for point in outer.points}, {(5, 4), (25, 4), (25, 14), (5, 14)})
        self.assertEqual({tuple(point) for point in hole.points}, {(10, 6), (12, 6), (12, 8), (10, 8)})

    def test_pictures_survive_encoding(self) -> None:
        random = np.random.default_rng(1)
        for shape in ((7, 9), (7, 9, 3), (7, 9, 4)):
            pixels = random.integers(0, 256, shape, dtype=np.uint8)
            np.testing.assert_array_equal(sonomask.decode(sonomask.encode_png(pixels)), pixels)

    def test_16_bit_files_are_reduced(self) -> None:
        values = (np.arange(6 * 8).reshape(6, 8) * 1000).astype(">u2")
        rows = b"".join(b"\0" + row.tobytes() for row in values)

        def chunk(kind: bytes, content: bytes) -> bytes:
            return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

        head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 6, 16, 0, 0, 0, 0))
        png = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        np.testing.assert_array_equal(sonomask.decode(png), (values >> 8).astype(np.uint8))

    def test_representations_are_small(self) -> None:
        result = self.model.segment(PHANTOMS[0])
        for value in (self.model, result, result.lesions[0], self.model.measure(result.mask), self.model.open(PHANTOMS[0]),
                      sonomask.contours(result.mask)[0]):
            self.assertLess(len(repr(value)), 120)
        self.assertIn(result.type, repr(result))

    def test_paths_with_unusual_names(self) -> None:
        file = self.folder() / "Größe \udce4 (1).png"
        file.write_bytes(PHANTOMS[0].read_bytes())
        self.assert_same(self.model.segment(pathlib.Path(file)), self.model.segment(PHANTOMS[0]))


if __name__ == "__main__":
    unittest.main()
