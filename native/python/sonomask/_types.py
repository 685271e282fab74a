"""What the package returns and takes. All coordinates are in the image's own pixels: the corner of the first pixel is
(0, 0), its centre (0.5, 0.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from numpy.typing import NDArray


class Point(NamedTuple):
    x: float
    y: float


class Click(NamedTuple):
    """A click of the user: ``inside`` a lesion, otherwise on tissue that is not lesion."""

    x: float
    y: float
    inside: bool = True


class Box(NamedTuple):
    """A rectangle; ``x`` and ``y`` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Descriptors:
    """An outline in the words of the BI-RADS lexicon for ultrasound (5th edition), each with the numbers behind it;
    lengths are pixels. Measures of the outline and of the grey levels around it, not a diagnosis and no BI-RADS
    category. MEASURES.md of the package defines each."""

    #: "oval", "round" or "irregular".
    shape: str
    #: "parallel" (wider than tall) or "not parallel", which round lesions are, too.
    orientation: str
    #: "circumscribed" or "not circumscribed".
    margin: str
    #: Why the margin is not circumscribed: "indistinct", "angular", "microlobulated", "spiculated".
    margin_signs: List[str]
    #: Echo pattern against the tissue beside the lesion: "anechoic", "hyperechoic", "complex cystic and solid",
    #: "hypoechoic", "isoechoic" or "heterogeneous"; None when the picture shows none there.
    echo: Optional[str]
    #: "no posterior features", "enhancement", "shadowing" or "combined pattern"; None when the picture ends below the
    #: lesion.
    posterior: Optional[str]
    #: An echogenic rim around a lesion that is not circumscribed.
    halo: bool
    #: Along the skin.
    width: float
    #: Away from the skin.
    height: float
    #: Height / width of the ellipse with the same second moments.
    height_ratio: float
    #: From the skin to the nearest part of the outline, straight up.
    depth: float
    #: Minor / major axis of that ellipse, 0..1.
    axis_ratio: float
    #: Perimeter of the edge / perimeter of its ellipse - 1; 0 for an ellipse.
    roughness: float
    #: Mean over the edge of (outside - inside) / (outside + inside), -1..1.
    edge_contrast: float
    #: Share of the edge without a clear contrast, 0..1.
    weak_edge: float
    #: Places where the outline turns by 70 degrees or more.
    corners: int
    #: Hollows of the outline between two lobes.
    lobes: int
    #: Places where the outline turns by 105 degrees or more.
    spicules: int
    #: Median grey inside / beside, at the same depth; None with ``echo``.
    echo_ratio: Optional[float]
    #: (9th - 1st decile of the grey inside) / median beside; None with ``echo``.
    echo_spread: Optional[float]
    #: Mean grey below the lesion / beside that; None with ``posterior``.
    posterior_ratio: Optional[float]
    #: Grey of the rim / of the tissue around it.
    halo_ratio: Optional[float]


@dataclass(frozen=True)
class Lesion:
    """One connected lesion, in pixels."""

    area: int
    bbox: Box
    centroid: Point
    #: Largest distance between two points of the outline.
    long_axis: float
    long_axis_ends: Tuple[Point, Point]
    #: Extent at right angles to the long axis.
    short_axis: float
    short_axis_ends: Tuple[Point, Point]
    perimeter: float
    #: 4 pi area / perimeter^2, at most 1.
    circularity: float
    #: Angle of the long axis to the horizontal, radians, -pi/2 .. pi/2.
    orientation: float
    #: Mean of the probability map over the lesion; 0 when there is no map.
    mean_probability: float
    #: Expected Dice score of this outline with an expert's, 0..1; 0 when there is no map.
    expected_dice: float
    #: Probability that this outline is of a lesion, 0..1; 0 from ``measure``.
    presence: float
    #: Pixels: grown by this, the outline contains the true one for at least 90 % of patients whose lesion was found.
    #: 0 from ``measure``, and when the weights hold no margin.
    margin: float
    #: Index of its region in ``Segmentation.regions``; 0 from ``measure``.
    region: int = 0
    #: None from ``measure`` without an image.
    descriptors: Optional[Descriptors] = None

    def __repr__(self) -> str:
        return (
            f"<Lesion {self.area} px at ({self.centroid.x:.0f}, {self.centroid.y:.0f}), "
            f"axes {self.long_axis:.1f} x {self.short_axis:.1f} px>"
        )


@dataclass(frozen=True)
class OperatingPoint:
    """A compromise between lesions kept and normal images left alone, chosen on images that the network had not seen.
    An outline counts as a lesion when its presence is at least ``presence``."""

    #: Share of the images with a lesion in which a lesion still counts: 0.8, 0.9 or 0.95.
    kept: float
    #: Least presence, 0..1.
    presence: float
    #: Upper 95 % bound on the share of images with a lesion in which none counts, 0..1.
    missed_bound: float


def _outlines(lesions: List[Lesion]) -> str:
    if not lesions:
        return "no lesion"
    sizes = ", ".join(str(lesion.area) for lesion in lesions[:3]) + (", ..." if len(lesions) > 3 else "")
    return f"{len(lesions)} lesion{'s' if len(lesions) > 1 else ''} of {sizes} px"


@dataclass(frozen=True, eq=False)
class Measurement:
    """A mask with its measured lesions, largest first."""

    #: [height, width], 0 or 255.
    mask: NDArray[np.uint8] = field(repr=False)
    lesions: List[Lesion]

    def __repr__(self) -> str:
        height, width = self.mask.shape
        return f"<Measurement {width}x{height}, {_outlines(self.lesions)}>"


@dataclass(frozen=True)
class Region:
    """One ultrasound picture of the image, and the answer for it as for an image of its own."""

    #: Pixels of the image.
    x: int
    y: int
    width: int
    height: int
    type: str
    probabilities: Dict[str, float]
    presence: float
    outlier_score: float
    #: When false, this region is probably not breast ultrasound.
    looks_like_ultrasound: bool

    @property
    def rectangle(self) -> Tuple[int, int, int, int]:
        """As ``segment(regions=...)`` takes it."""
        return self.x, self.y, self.width, self.height


@dataclass(frozen=True, eq=False)
class Segmentation(Measurement):
    """The answer for an image. The arrays belong to the caller.

    With several regions, each is answered for itself. The lesions of all are listed; ``type``, ``probabilities``,
    ``presence``, ``outlier_score`` and ``looks_like_ultrasound`` are those of the region with the greatest presence
    (the first of several)."""

    width: int
    height: int
    #: The most probable class: "normal", "benign" or "malignant".
    type: str
    #: By class; calibrated by the temperature of the weights; they add up to 1.
    probabilities: Dict[str, float]
    #: [height, width], probability of lesion, 0..1.
    probability_map: NDArray[np.float32]
    #: Expected Dice score of the mask with the ground truth, 0..1; without any lesion, the probability that there is
    #: none.
    expected_dice: float
    #: Out-of-distribution score: above 1 the input is unlike the training images; 0 when the weights have no
    #: statistics.
    outlier_score: float
    #: ``outlier_score`` is at most 1. When false, the input is probably not breast ultrasound: do not rely on the
    #: answer.
    looks_like_ultrasound: bool
    #: Clicks or a box are part of the answer.
    refined: bool
    #: Probability that the image shows a lesion, 0..1.
    presence: float
    #: What decided which outlines count as lesions; None when the weights hold none: then every outline counts.
    operating_point: Optional[OperatingPoint]
    #: Outlines that do not count, largest first: those whose presence is below that of the operating point; or, when
    #: the presence of the image is not and there is no other outline, the largest one below the threshold. They are
    #: not in ``mask``.
    possible: List[Lesion]
    #: [height, width], 0 or 255: the mask of ``possible``; None when there is none.
    possible_mask: Optional[NDArray[np.uint8]]
    #: Where the ultrasound pictures are, at least one: those that were given, or found (from the left, then from the
    #: top), or the whole image. Outside of them ``probability_map`` and ``mask`` are 0.
    regions: List[Region]
    #: Why the answer may be less sure: "tinted" (by a colour map; the answer is for the grey values behind it),
    #: "overlay" (colours cover a part of the scan, which was filled from its surroundings), "photograph" (of a screen;
    #: the answer is for the part that may be ultrasound), "no-scan" (no ultrasound picture was found on this screen),
    #: "views" (more than two were found, each answered for itself; the search ends at four), "small-scan" (what was
    #: found is less than a tenth of the image).
    warnings: List[str]
    #: Share of the regions that a colour overlay covers, 0..1.
    overlay_share: float
    #: Time from the input to this answer, decoding included except for an open image.
    milliseconds: float

    def __repr__(self) -> str:
        return (
            f"<Segmentation {self.width}x{self.height}, {self.type} {self.probabilities[self.type]:.2f}, "
            f"{_outlines(self.lesions)}{'' if self.looks_like_ultrasound else ', not like breast ultrasound'}>"
        )


@dataclass(frozen=True, eq=False)
class Contour:
    """A closed outline along pixel corners."""

    #: [points, 2], x and y; the last point is joined to the first.
    points: NDArray[np.float32]
    #: Holes run anticlockwise on the screen, outer outlines clockwise.
    is_hole: bool

    def __repr__(self) -> str:
        return f"<Contour of {len(self.points)} points{', a hole' if self.is_hole else ''}>"


@dataclass(frozen=True)
class ModelInfo:
    """Metadata of the weights file, and how it runs."""

    #: Of the library.
    version: str
    #: Threads that one call uses.
    threads: int
    #: "sonomask2", "sonomask", "unet16", ...
    network: str
    #: Side of the network's square input, pixels.
    input_size: int
    #: A pixel is lesion when its probability is at least this.
    threshold: float
    #: Type logits are divided by this before the softmax.
    temperature: float
    #: Lesions below this share of the image's area are dropped, 0..1.
    minimum_area: float
    #: The weights contain statistics of their training images, which ``outlier_score`` needs.
    knows_outliers: bool
    #: The fitted exponent of the expected Dice of lesions; 1 when none was fitted.
    expected_dice_power: float
    #: ``refine`` works with these weights. Weights of the first generation take no clicks.
    takes_prompts: bool
    #: The weights contain what presence, operating points and margins need.
    has_decision: bool
    #: By ``kept``, ascending; empty without ``has_decision``.
    operating_points: List[OperatingPoint]
    #: Free text; "" when unknown.
    training_data: str
    #: ISO 8601; "" when unknown.
    date: str
