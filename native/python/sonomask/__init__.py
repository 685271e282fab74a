"""sonomask: find the lesion in a breast ultrasound image, estimate its type, outline and measure it.

Research software, not a medical device. Everything runs on this machine; nothing is uploaded.

    from sonomask import Click, Model

    model = Model.load()
    result = model.segment("image.png")  # or a uint8 array, or the bytes of a file
    print(result.type, result.probabilities, result.lesions)
    result.mask  # uint8 [height, width], 0 or 255

    with model.open("image.png") as image:  # for corrections, which cost a fraction of a segmentation
        image.segment()
        corrected = image.refine([Click(310, 207, inside=True)])

``python -m sonomask predict --out masks *.png`` is the command line.
"""

from ._errors import SonomaskError
from ._images import contours, decode, encode_png
from ._model import Model, OpenImage
from ._types import Box, Click, Contour, Descriptors, Lesion, Measurement, ModelInfo, OperatingPoint, Point, Region
from ._types import Segmentation

__version__ = "0.1.0"

__all__ = [
    "Box",
    "Click",
    "Contour",
    "Descriptors",
    "Lesion",
    "Measurement",
    "Model",
    "ModelInfo",
    "OpenImage",
    "OperatingPoint",
    "Point",
    "Region",
    "Segmentation",
    "SonomaskError",
    "contours",
    "decode",
    "encode_png",
]
