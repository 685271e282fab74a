"""Reads exported files with the tools that people use, and prints as JSON what it found: read_exports.py FOLDER IMAGE."""

import json
import shutil
import sys
from pathlib import Path

import jsonschema
import nibabel
import numpy

BOX = {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 4, "maxItems": 4}
POLYGONS = {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 6, "items": {"type": "number"}}}
RUNS = {
    "type": "object",
    "required": ["counts", "size"],
    "properties": {"counts": {"type": "array", "items": {"type": "integer", "minimum": 0}}, "size": {"type": "array", "minItems": 2, "maxItems": 2}},
}
# After the description of the format on the web page of the COCO data set.
COCO = {
    "type": "object",
    "required": ["info", "images", "annotations", "categories"],
    "properties": {
        "images": {"type": "array", "items": {"type": "object", "required": ["id", "width", "height", "file_name"]}},
        "annotations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd"],
                "properties": {"segmentation": {"anyOf": [POLYGONS, RUNS]}, "bbox": BOX, "area": {"type": "number", "exclusiveMinimum": 0}, "iscrowd": {"enum": [0, 1]}},
            },
        },
        "categories": {"type": "array", "items": {"type": "object", "required": ["id", "name", "supercategory"]}},
    },
}


def nifti(path):
    image = nibabel.load(path)
    data = numpy.asarray(image.dataobj)
    return {
        "shape": list(data.shape),
        "type": str(data.dtype),
        "classes": sorted(int(value) for value in numpy.unique(data)),
        "pixels": int(numpy.count_nonzero(data)),
        "first": [int(value) for value in numpy.argwhere(data)[0][:2]] if data.any() else [],
        "zooms": [float(value) for value in image.header.get_zooms()],
        "axes": "".join(nibabel.aff2axcodes(image.affine)),
        "comment": json.loads(image.header.extensions[0].get_content()),
    }


def labelme(path, picture):
    try:
        from labelme.label_file import LabelFile
    except ImportError:
        return None
    # The loader opens the picture beside the file.
    shutil.copy(picture, path.parent / picture.name)
    loaded = LabelFile(str(path))
    return {"shapes": [[shape["label"], shape["shape_type"], len(shape["points"])] for shape in loaded.shapes], "other": sorted(loaded.otherData)}


def main():
    folder, picture = Path(sys.argv[1]), Path(sys.argv[2])
    jsonschema.validate(json.loads((folder / "coco.json").read_text()), COCO)
    stem = picture.stem
    print(json.dumps({"nifti": nifti(folder / f"nifti/{stem}.nii.gz"), "labelme": labelme(folder / f"labelme/{stem}.json", picture)}))


main()
