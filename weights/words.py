#!/usr/bin/env python3
"""The words of the experts' outlines of all lesions of a data set, benign / malignant. The second table of
MEASURES.md is of the lesions that the network found, so its figures differ a little.

    PYTHON weights/words.py ../shared/data/busi

PYTHON has the package sonomask. The folder has manifest.csv (image, masks, class, exclude).
"""

import csv
import sys
from pathlib import Path

import numpy as np

import sonomask

WORDS = {
    "irregular": lambda d: d.shape == "irregular",
    "oval": lambda d: d.shape == "oval",
    "parallel": lambda d: d.orientation == "parallel",
    "circumscribed": lambda d: d.margin == "circumscribed",
    "hypoechoic": lambda d: d.echo == "hypoechoic",
    "enhancement": lambda d: d.posterior == "enhancement",
    "shadowing": lambda d: d.posterior == "shadowing",
    "halo": lambda d: d.halo,
}


def grey(image: "np.ndarray") -> "np.ndarray":
    return image if image.ndim == 2 else image[..., :3].max(axis=2)


def main(folder: Path) -> None:
    model = sonomask.Model.load()
    found = {"benign": [], "malignant": []}
    with open(folder / "manifest.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["class"] not in found or row.get("exclude", "0") not in ("", "0"):
                continue
            image = sonomask.decode((folder / row["image"]).read_bytes())
            masks = [grey(sonomask.decode((folder / name).read_bytes())) >= 128 for name in row["masks"].split(";")]
            measured = model.measure(np.any(masks, axis=0), image=image)
            found[row["class"]] += [lesion.descriptors for lesion in measured.lesions if lesion.descriptors]
    print(f"{sum(map(len, found.values()))} lesions")
    for word, holds in WORDS.items():
        shares = [100 * np.mean([holds(each) for each in lesions]) for lesions in found.values()]
        print(f"{word:14} " + " / ".join(f"{share:.0f}" for share in shares) + " %")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
