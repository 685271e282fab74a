"""Corrections with clicks and a box."""

from __future__ import annotations

import pathlib
import tempfile
import unittest

import numpy as np

import sonomask
from sonomask import Box, Click
from support import PHANTOMS, PROGRAM, PROMPT_WEIGHTS, Case, run


class Corrections(Case):
    @classmethod
    def setUpClass(cls) -> None:
        cls.model = sonomask.Model.load(PROMPT_WEIGHTS)

    def test_clicks_and_boxes_are_kept(self) -> None:
        with self.model.open(PHANTOMS[0]) as image:
            inside = image.refine([Click(100.5, 120.5)])
            self.assertEqual(inside.mask[120, 100], 255)
            self.assertTrue(inside.refined)
            self.assertEqual(inside.probabilities["normal"], 0)
            outside = image.refine([Click(100.5, 120.5), Click(300.5, 200.5, inside=False)])
            self.assertEqual((outside.mask[120, 100], outside.mask[200, 300]), (255, 0))
            boxed = image.refine(box=Box(50, 60, 80, 70))
            rows, columns = np.nonzero(boxed.mask[60:130, 50:130])
            self.assertGreater(rows.size, 0)

    def test_without_prompts_it_is_the_automatic_answer(self) -> None:
        with self.model.open(PHANTOMS[0]) as image:
            self.assert_same(image.refine(), self.model.segment(PHANTOMS[0]))
            image.segment(flip_average=True)
            self.assert_same(image.refine(), image.segment())

    def test_each_image_keeps_its_features(self) -> None:
        click = [(100.5, 120.5, True)]
        with self.model.open(PHANTOMS[0]) as first, self.model.open(PHANTOMS[1]) as second:
            wanted = first.refine(click)
            second.segment()
            self.model.segment(PHANTOMS[2])
            self.assert_same(first.refine(click), wanted)
            self.assertFalse(np.array_equal(second.refine(click).probability_map, wanted.probability_map))

    def test_the_array_may_change_afterwards(self) -> None:
        pixels = sonomask.decode(PHANTOMS[0])
        image = self.model.open(pixels)
        wanted = image.segment()
        pixels[:] = 0
        self.assert_same(image.segment(), wanted)

    def test_operating_points_decide(self) -> None:
        self.assertTrue(self.model.info.has_decision)
        self.assertEqual([point.kept for point in self.model.info.operating_points], [0.8, 0.9, 0.95])
        strict = self.model.segment(PHANTOMS[0], operating_point=0.8)
        loose = self.model.segment(PHANTOMS[0], operating_point=0.95)
        self.assertEqual(strict.lesions, [])
        self.assertEqual(strict.operating_point, self.model.info.operating_points[0])
        assert strict.possible_mask is not None
        np.testing.assert_array_equal(strict.possible_mask, loose.mask)
        self.assertIsNone(loose.possible_mask)

    def test_refused_prompts(self) -> None:
        with self.model.open(PHANTOMS[0]) as image:
            wanted = image.segment()
            nan, far = float("nan"), float(image.width)
            for clicks in ([(nan, 1, True)], [(far, 1, True)], [(-1, 1, True)], [(1e300, 1, True)], [("a", 1, True)],
                           [(1, 1, 1)], [(1,)], [3], 7, [(1, 1, True), (1, 1, False)], [(1, 1, True)] * 1001):
                with self.subTest(clicks=str(clicks)[:40]):
                    self.assert_refused("argument", image.refine, clicks)
            for box in ((0, 0, 0, 5), (0, 0, nan, 5), (far, 0, 5, 5), (1, 2, 3), 4, ("a", 1, 2, 3)):
                with self.subTest(box=box):
                    self.assert_refused("argument", image.refine, box=box)
            self.assert_refused("argument", image.refine, [(49.5, 60, True)], box=(50, 50, 20, 20))
            self.assert_same(image.refine(), wanted)

    def test_closed_and_disposed(self) -> None:
        model = sonomask.Model.load(PROMPT_WEIGHTS)
        image, other = model.open(PHANTOMS[0]), model.open(PHANTOMS[1])
        image.segment()
        image.close()
        image.close()
        self.assert_refused("closed", image.segment)
        self.assert_refused("closed", image.refine)
        kept = other.segment()
        model.dispose()
        model.dispose()
        self.assert_refused("disposed", model.segment, PHANTOMS[0])
        self.assert_refused("disposed", model.open, PHANTOMS[0])
        self.assert_refused("disposed", other.segment)
        other.close()
        self.assertEqual(model.memory_bytes, 0)
        del model, other
        self.assertEqual(kept.probability_map.shape, kept.mask.shape)

    def test_weights_that_take_no_clicks(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "first.safetensors"
            run(PROGRAM, "export", "--net", "sonomask", "--weights", file)
            plain = sonomask.Model.load(file)
        self.assertFalse(plain.info.takes_prompts)
        with plain.open(PHANTOMS[0]) as image:
            self.assert_refused("no-prompts", image.refine, [(10, 10, True)])


if __name__ == "__main__":
    unittest.main()
