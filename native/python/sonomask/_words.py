"""The words of outlines as coded concepts of DICOM (PS3.16, context groups 6004, 6006 and 6152 to 6155)."""

from typing import Dict, List, Tuple

from ._types import Descriptors

Code = Tuple[str, str, str]

OWN = "99SONOMASK"  # for words that the standard has no code for

SHAPE: Code = ("107644003", "SCT", "Shape")
ORIENTATION: Code = ("111354", "DCM", "Orientation")
MARGINS: Code = ("111037", "DCM", "Margins")
ECHO: Code = ("111360", "DCM", "Echo pattern")
POSTERIOR: Code = ("111366", "DCM", "Posterior acoustic features")
BOUNDARY: Code = ("111357", "DCM", "Lesion boundary")

_WORDS: Dict[Code, Dict[str, Code]] = {
    SHAPE: {
        "oval": ("84360004", "SCT", "Ovoid shape"),
        "round": ("42700002", "SCT", "Round shape"),
        "irregular": ("49608001", "SCT", "Irregular"),
    },
    ORIENTATION: {"parallel": ("111355", "DCM", "Parallel"), "not parallel": ("111356", "DCM", "Not parallel")},
    MARGINS: {
        "circumscribed": ("129738007", "SCT", "Circumscribed lesion"),
        "not circumscribed": ("NOT-CIRCUMSCRIBED", OWN, "Not circumscribed"),
        "indistinct": ("129741003", "SCT", "Indistinct lesion"),
        "angular": ("111343", "DCM", "Angular margins"),
        "microlobulated": ("129739004", "SCT", "Microlobulated lesion"),
        "spiculated": ("129742005", "SCT", "Spiculated lesion"),
    },
    ECHO: {
        "anechoic": ("111361", "DCM", "Anechoic"),
        "hyperechoic": ("111362", "DCM", "Hyperechoic"),
        "complex cystic and solid": ("111363", "DCM", "Complex"),
        "hypoechoic": ("111364", "DCM", "Hypoechoic"),
        "isoechoic": ("111365", "DCM", "Isoechoic"),
        "heterogeneous": ("HETEROGENEOUS", OWN, "Heterogeneous"),
    },
    POSTERIOR: {
        "no posterior features": ("111367", "DCM", "No posterior acoustic features"),
        "enhancement": ("111368", "DCM", "Posterior enhancement"),
        "shadowing": ("111369", "DCM", "Posterior shadowing"),
        "combined pattern": ("111370", "DCM", "Combined posterior enhancement and shadowing"),
    },
}


_RATIO: Code = ("{ratio}", "UCUM", "ratio")
_COUNT: Code = ("{count}", "UCUM", "count")

#: The numbers behind the words: the attribute, its concept and unit. The standard has no code for them.
_NUMBERS: List[Tuple[str, Code, Code]] = [
    ("height_ratio", ("HEIGHT-RATIO", OWN, "Height to width ratio"), _RATIO),
    ("axis_ratio", ("AXIS-RATIO", OWN, "Minor to major axis ratio"), _RATIO),
    ("roughness", ("ROUGHNESS", OWN, "Roughness of the edge"), _RATIO),
    ("edge_contrast", ("EDGE-CONTRAST", OWN, "Contrast of the edge"), _RATIO),
    ("weak_edge", ("WEAK-EDGE", OWN, "Share of the edge without contrast"), _RATIO),
    ("corners", ("CORNERS", OWN, "Corners of the outline"), _COUNT),
    ("lobes", ("LOBES", OWN, "Hollows between lobes of the outline"), _COUNT),
    ("spicules", ("SPICULES", OWN, "Spicules of the outline"), _COUNT),
    ("echo_ratio", ("ECHO-RATIO", OWN, "Grey inside to beside the lesion"), _RATIO),
    ("echo_spread", ("ECHO-SPREAD", OWN, "Spread of the grey inside"), _RATIO),
    ("posterior_ratio", ("POSTERIOR-RATIO", OWN, "Grey below the lesion to beside that"), _RATIO),
    ("halo_ratio", ("HALO-RATIO", OWN, "Grey of the rim to its surroundings"), _RATIO),
]


def numbers_of(outline: Descriptors) -> List[Tuple[Code, float, Code]]:
    """Concepts, values and units; without those that are not known."""
    found = [(concept, getattr(outline, name), unit) for name, concept, unit in _NUMBERS]
    return [(concept, float(value), unit) for concept, value, unit in found if value is not None]


def words_of(outline: Descriptors) -> List[Tuple[Code, Code]]:
    """Names and values, in the order of a report."""
    said = [
        (SHAPE, outline.shape),
        (ORIENTATION, outline.orientation),
        *((MARGINS, word) for word in outline.margin_signs or [outline.margin]),
        (ECHO, outline.echo),
        (POSTERIOR, outline.posterior),
    ]
    coded = [(name, _WORDS[name][word]) for name, word in said if word is not None]
    return [*coded, (BOUNDARY, ("111359", "DCM", "Echogenic halo"))] if outline.halo else coded
