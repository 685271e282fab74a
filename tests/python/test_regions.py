"""Several ultrasound pictures in one image of a whole screen."""

from __future__ import annotations

import unittest
from typing import Any, List, Tuple

import numpy as np
from numpy.typing import NDArray

import sonomask
from sonomask import Click
from support import PHANTOMS, PROMPT_WEIGHTS, Case

Rectangle = Tuple[int, int, int, int]


def screen() -> Tuple[NDArray[np.uint8], List[Rectangle]]:
    """Two phantoms side by side, with a header, a menu with buttons, and strokes like text."""
    pictures = [sonomask.decode(file) for file in PHANTOMS[:2]]
    height = 100 + max(picture.shape[0] for picture in pictures)
    pixels: NDArray[np.uint8] = np.full((height, 120 + sum(p.shape[1] + 14 for p in pictures)), 48, dtype=np.uint8)
    pixels[:40] = 110
    pixels[14:24, 12:-12:7] = 240
    pixels[40:, :90] = 170
    for y in range(60, height - 40, 44):
        pixels[y : y + 24, 8:82] = 90
        pixels[y + 7 : y + 16, 16:70:6] = 230
    rectangles: List[Rectangle] = []
    x = 104
    for picture in pictures:
        rows, columns = picture.shape
        pixels[54 : 54 + rows, x : x + columns] = picture
        rectangles.append((x, 54, columns, rows))
        x += columns + 14
    return pixels, rectangles


class Regions(Case):
    def test_found_and_given_regions_are_answered_one_by_one(self) -> None:
        pixels, rectangles = screen()
        found = self.model.segment(pixels)
        self.assertEqual([region.rectangle for region in found.regions], rectangles)
        given = self.model.segment(pixels, regions=rectangles)
        for index, (x, y, width, height) in enumerate(rectangles):
            alone = self.model.segment(pixels[y : y + height, x : x + width], regions="whole")
            self.assertGreater(len(alone.lesions), 0)
            for answer in (found, given):
                np.testing.assert_array_equal(answer.mask[y : y + height, x : x + width], alone.mask)
                region = answer.regions[index]
                self.assertEqual((region.type, region.presence), (alone.type, alone.presence))
                own = [lesion for lesion in answer.lesions if lesion.region == index]
                self.assertEqual([lesion.area for lesion in own], [lesion.area for lesion in alone.lesions])
                self.assertEqual(own[0].bbox.x, alone.lesions[0].bbox.x + x)
        self.assertEqual(found.presence, max(region.presence for region in found.regions))

    def test_a_tidy_picture_is_its_own_region(self) -> None:
        wanted = self.model.segment(PHANTOMS[0], regions="whole")
        self.assert_same(self.model.segment(PHANTOMS[0]), wanted)
        self.assertEqual([region.rectangle for region in wanted.regions], [(0, 0, wanted.width, wanted.height)])

    def test_clicks_count_in_their_region(self) -> None:
        pixels, rectangles = screen()
        x, y, width, height = rectangles[1]
        with sonomask.Model.load(PROMPT_WEIGHTS) as model, model.open(pixels) as image:
            image.segment(regions="whole")
            result = image.refine([Click(x + 100, y + 120)], regions=rectangles)
            with model.open(pixels[y : y + height, x : x + width]) as part:
                alone = part.refine([Click(100, 120)])
            np.testing.assert_array_equal(result.mask[y : y + height, x : x + width], alone.mask)
            self.assertTrue(result.refined)
            self.assert_refused(
                "argument", image.refine, [Click(2, 2)], regions=rectangles, mentions="outside the regions"
            )

    def test_impossible_regions_are_refused(self) -> None:
        pixels, _ = screen()
        wrong: List[Tuple[Any, str]] = [
            ("all", '"auto", "whole" or rectangles'),
            ([], "1 to 16"),
            ([(0, 0, 9, 9)] * 17, "1 to 16"),
            ([(0, 0, 9)], "1 to 16 rectangles (x, y, width, height)"),
            ([(0, 0.5, 9, 9)], "whole numbers"),
            (7, "whole numbers"),
            ([(0, 0, 1 << 40, 9)], "too large"),
            ([(0, 0, 0, 9)], "region 1 of 0 x 9 pixels has no area"),
            ([(9000, 0, 9, 9)], "outside the image"),
            ([(0, 0, 9, 9), (8, 8, 9, 9)], "regions 1 and 2 overlap"),
        ]
        for regions, message in wrong:
            with self.subTest(message):
                self.assert_refused("argument", self.model.segment, pixels, regions=regions, mentions=message)


if __name__ == "__main__":
    unittest.main()
