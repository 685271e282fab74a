#!/usr/bin/env python3
"""Draws images of one fold: small_sets_draw.py MANIFEST FOLD COUNT SEED OUT.

Writes OUT/drawn/manifest.csv with about COUNT images (whole groups) and OUT/rest/manifest.csv with the others of the
fold. Paths are absolute, so that the images are not copied.
"""
import csv
import pathlib
import random
import sys


def main():
    manifest, fold, count, seed, out = sys.argv[1:]
    folder = pathlib.Path(manifest).resolve().parent
    with open(manifest, encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["fold"] == fold and row.get("exclude", "0") != "1"]
    groups = sorted({row["group"] for row in rows})
    random.Random(int(seed)).shuffle(groups)
    drawn, size = set(), 0
    for group in groups:
        members = sum(row["group"] == group for row in rows)
        if size + members <= int(count):
            drawn.add(group)
            size += members
    for name, wanted in (("drawn", True), ("rest", False)):
        place = pathlib.Path(out) / name
        place.mkdir(parents=True, exist_ok=True)
        with open(place / "manifest.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["image", "masks", "class", "group", "fold"])
            for row in rows:
                if (row["group"] in drawn) == wanted:
                    masks = ";".join(str(folder / mask) for mask in row["masks"].split(";") if mask)
                    writer.writerow([folder / row["image"], masks, row["class"], row["group"], row["fold"]])


main()
