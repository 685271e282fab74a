#!/usr/bin/python3
"""Writes DICOM files of every kind and what an independent reader shows of them:

    /usr/bin/python3 make_files.py DIR [small]

The files are made by pydicom and compressed by dcmtk and gdcm. What is expected comes from the same tools' own decoders,
and from pydicom's functions for palettes, windows and colours. DIR/expected.json names each file with its size, its number
of frames and the file of its pixels (grey or RGB of 8 bits, all frames). `small` makes one file per kind.
"""
import json
import os
import subprocess
import sys

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_pixel_data_frame
from pydicom.pixel_data_handlers.util import apply_color_lut, apply_modality_lut, apply_voi_lut, convert_color_space
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, UID, generate_uid

OUT = sys.argv[1]
SMALL = sys.argv[2:] == ["small"]
WORK = os.path.join(OUT, "work")
EXPECTED = []
ULTRASOUND = "1.2.840.10008.5.1.4.1.1.6.1"
LOOP = "1.2.840.10008.5.1.4.1.1.3.1"
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
WIDTH, HEIGHT = 75, 54


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {result.stdout}{result.stderr}")


def speckle(seed, width=WIDTH, height=HEIGHT, most=255, channels=0):
    """A smooth picture with noise, flat parts (runs) and sharp edges, whole numbers from 0 to `most`."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for channel in range(max(1, channels)):
        plane = 0.5 + 0.3 * np.sin(x / (7 + channel)) * np.cos(y / (9 - channel)) + 0.12 * random.standard_normal((height, width))
        plane[height // 4 : height // 3, :] = 0.25 * channel
        plane[:, width // 2 : width // 2 + 9] = 1
        plane[(x - width // 4) ** 2 + (y - 2 * height // 3) ** 2 < 60] = 0
        planes.append(np.clip(np.rint(plane * most), 0, most).astype(np.int64))
    return np.stack(planes, axis=-1) if channels else planes[0]


def make(name, pixels, *, colour="MONOCHROME2", allocated=8, stored=None, signed=False, planar=None, frames=None, kind=ULTRASOUND, **more):
    """Writes WORK/name.dcm, explicit little endian. `pixels` are the bytes or whole numbers."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(LOOP if frames else kind)
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.PatientName, ds.PatientID, ds.Modality = "Doe^Jane", "1", "US"
    ds.Rows, ds.Columns = more.pop("Rows", HEIGHT), more.pop("Columns", WIDTH)
    ds.SamplesPerPixel = 1 if colour in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR") else 3
    ds.PhotometricInterpretation = colour
    ds.BitsAllocated, ds.BitsStored = allocated, stored or allocated
    ds.HighBit, ds.PixelRepresentation = more.pop("HighBit", ds.BitsStored - 1), int(signed)
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = planar or 0
    if frames:
        ds.NumberOfFrames = frames
        ds.FrameTime = "40"
        ds.FrameIncrementPointer = 0x00181063
    for key, value in more.items():
        setattr(ds, key, value)
    if not isinstance(pixels, bytes):
        pixels = pixels.astype(("<i" if signed else "<u") + str(allocated // 8)).tobytes()
    ds.PixelData = pixels + b"\0" * (len(pixels) % 2)
    ds["PixelData"].VR = "OW" if allocated > 8 else "OB"
    path = os.path.join(WORK, f"{name}.dcm")
    ds.save_as(path, write_like_original=False)
    return path


def shown(ds):
    """What a viewer shows of the pixels: frames, rows, columns and channels of 8 bits."""
    values = ds.pixel_array
    colour = ds.PhotometricInterpretation
    if colour == "PALETTE COLOR":
        values = apply_color_lut(values, ds)
        if ds.RedPaletteColorLookupTableDescriptor[2] > 8:
            values = values >> 8
    elif colour.startswith("YBR"):
        values = convert_color_space(values, "YBR_FULL", "RGB")
    elif colour.startswith("MONOCHROME"):
        values = grey(values, ds)
        if colour == "MONOCHROME1":
            values = 255 - values
    elif ds.BitsStored > 8:
        values = values >> (ds.BitsStored - 8)
    values = np.asarray(values).astype(np.uint8)
    if int(getattr(ds, "NumberOfFrames", 1)) == 1:
        values = values[np.newaxis]
    return values


def grey(values, ds):
    physical = apply_modality_lut(values, ds).astype(np.float64)
    if "VOILUTSequence" in ds:
        return np.rint(apply_voi_lut(physical.astype(np.int64), ds).astype(np.float64) * 255 / (2 ** ds.VOILUTSequence[0].LUTDescriptor[2] - 1))
    if "WindowCenter" in ds:
        centre, width = float(ds.WindowCenter), float(ds.WindowWidth)
        kind = getattr(ds, "VOILUTFunction", "LINEAR")
        if kind == "SIGMOID":
            share = 1 / (1 + np.exp(-4 * (physical - centre) / width))
        elif kind == "LINEAR_EXACT":
            share = (physical - centre) / width + 0.5
        else:
            share = (physical - (centre - 0.5)) / (width - 1) + 0.5
        return np.rint(np.clip(share, 0, 1) * 255)
    if ds.BitsStored == 8 and not ds.PixelRepresentation:
        return values
    low, high = physical.min(), physical.max()
    if ds.BitsStored <= 8:
        low, high = (-(2 ** (ds.BitsStored - 1)), 2 ** (ds.BitsStored - 1) - 1) if ds.PixelRepresentation else (0, 2**ds.BitsStored - 1)
    return np.rint((physical - low) * 255 / (high - low))


def expect(path, reference, within=0, **facts):
    """Notes the pixels of the uncompressed file `reference` for the file at `path`."""
    if isinstance(reference, str):
        reference = shown(pydicom.dcmread(reference, force=True))
    name = os.path.basename(path)
    reference.tofile(os.path.join(OUT, f"{name}.raw"))
    frames, height, width = reference.shape[:3]
    channels = reference.shape[3] if reference.ndim == 4 else 1
    EXPECTED.append({"file": name, "width": width, "height": height, "frames": frames, "channels": channels, "within": within, **facts})


def target(path, ending):
    return os.path.join(OUT, os.path.basename(path).replace(".dcm", f"-{ending}.dcm"))


def decoded(path, tool):
    """The file at `path` without compression, by the tool's own decoder."""
    plain = os.path.join(WORK, os.path.basename(path))
    run(*tool, path, plain)
    return plain


DCMTK_JPEG, DCMTK_LS, DCMTK_RLE, GDCM = ["dcmdjpeg"], ["dcmdjpls"], ["dcmdrle"], ["gdcmconv", "--raw"]


def compress(path, ending, tool, decoder, within=0):
    out = target(path, ending)
    run(*tool, path, out)
    expect(out, decoded(out, decoder), within)


def sources():
    """One uncompressed file per kind of pixels, by name."""
    grey8, rgb = speckle(1), speckle(2, channels=3)
    loop = np.stack([speckle(10 + frame) for frame in range(4)])
    table = np.linspace(0, 65535, 256).astype("<u2")
    palette = {
        "RedPaletteColorLookupTableDescriptor": [256, 0, 16], "RedPaletteColorLookupTableData": table.tobytes(),
        "GreenPaletteColorLookupTableDescriptor": [256, 0, 16], "GreenPaletteColorLookupTableData": table[::-1].tobytes(),
        "BluePaletteColorLookupTableDescriptor": [256, 0, 16], "BluePaletteColorLookupTableData": np.roll(table, 40).tobytes(),
    }
    twelve = {"allocated": 16, "stored": 12, "WindowCenter": "2000.3", "WindowWidth": "3001"}
    files = {
        "grey": make("grey", grey8),
        "twelve": make("twelve", speckle(3, most=4095), **twelve),
        "rgb": make("rgb", rgb, colour="RGB"),
        "loop": make("loop", loop, frames=4),
        "palette": make("palette", grey8, colour="PALETTE COLOR", **palette),
        "signed": make("signed", speckle(4, most=6000) - 2500, allocated=16, signed=True, RescaleSlope="2.5", RescaleIntercept="-17", WindowCenter="900.7", WindowWidth="9000"),
    }
    if SMALL:
        return files
    return {
        **files,
        "mono1": make("mono1", grey8, colour="MONOCHROME1"),
        "sixteen": make("sixteen", speckle(5, most=65535), allocated=16, kind=SECONDARY),
        "ybr": make("ybr", speckle(6, channels=3), colour="YBR_FULL"),
        "colour-loop": make("colour-loop", np.stack([speckle(20 + frame, channels=3) for frame in range(3)]), colour="RGB", frames=3),
        "even": make("even", speckle(7, width=64, height=48, channels=3), colour="RGB", Columns=64, Rows=48),
        "one-row": make("one-row", speckle(8, width=33, height=1), Columns=33, Rows=1),
    }


def plain(files):
    """Uncompressed kinds: byte orders, missing preambles, deflate."""
    for name, path in files.items():
        expect(copied(path, "explicit"), path)
    for name in ["grey", "twelve", "rgb", "signed", "palette", "loop"][: 2 if SMALL else None]:
        path = files[name]
        for ending, option in [("implicit", "+ti"), ("big-endian", "+tb"), ("deflated", "+td")]:
            out = target(path, ending)
            run("dcmconv", option, path, out)
            expect(out, path)
    for ending, option in [("no-preamble-explicit", "+te"), ("no-preamble-implicit", "+ti"), ("no-preamble-big-endian", "+tb")]:
        out = target(files["twelve"], ending)
        run("dcmconv", "-F", option, files["twelve"], out)
        expect(out, files["twelve"])
    out = target(files["grey"], "meta-without-preamble")
    with open(files["grey"], "rb") as source, open(out, "wb") as written:
        written.write(source.read()[132:])
    expect(out, files["grey"])


def copied(path, ending):
    out = target(path, ending)
    with open(path, "rb") as source, open(out, "wb") as written:
        written.write(source.read())
    return out


def compressed(files):
    """Each transfer syntax with each kind of pixels that it may have."""
    grey_kinds = ["grey", "twelve", "signed", "palette", "loop", "mono1", "sixteen", "one-row"]
    colour_kinds = ["rgb", "colour-loop", "even"]
    having = lambda names: [files[name] for name in names if name in files]
    for path in having(grey_kinds + colour_kinds + ["ybr"]):
        compress(path, "rle", ["dcmcrle"], DCMTK_RLE)
        compress(path, "jpeg-70", ["dcmcjpeg", "+e1"], DCMTK_JPEG)
        compress(path, "jpeg-ls", ["dcmcjpls", "+el"], DCMTK_LS)
    for path in having(grey_kinds + colour_kinds):
        if "one-row" not in path:
            compress(path, "j2k", ["gdcmconv", "--j2k"], GDCM)
        compress(path, "gdcm-ls", ["gdcmconv", "--jpegls"], GDCM)
        compress(path, "gdcm-jpeg", ["gdcmconv", "--jpeg"], GDCM)
        if "one-row" not in path:  # gdcm cannot decode its own file of it
            compress(path, "gdcm-rle", ["gdcmconv", "--rle"], GDCM)
    for predictor in [4] if SMALL else range(1, 8):
        for path in having(["grey", "twelve", "rgb"]):
            compress(path, f"jpeg-57-{predictor}", ["dcmcjpeg", "+el", "+sv", str(predictor)], DCMTK_JPEG)
    for path in having(["grey", "twelve", "rgb", "loop", "colour-loop"]):
        compress(path, "jpeg-ls-near", ["dcmcjpls", "+en", "+md", "3"], DCMTK_LS)
    for path in having(["rgb", "colour-loop"]):
        for interleave, option in [("none", "+in"), ("line", "+il"), ("sample", "+is")]:
            compress(path, f"jpeg-ls-{interleave}", ["dcmcjpls", "+el", option], DCMTK_LS)
            compress(path, f"jpeg-ls-near-{interleave}", ["dcmcjpls", "+en", "+md", "2", option], DCMTK_LS)
    for path in having(["grey", "loop", "mono1"]):
        compress(path, "jpeg-50", ["dcmcjpeg", "+eb", "+q", "85"], DCMTK_JPEG)
        compress(path, "jpeg-51", ["dcmcjpeg", "+ee", "+q", "60"], DCMTK_JPEG)
    compress(files["twelve"], "jpeg-51", ["dcmcjpeg", "+ee", "+q", "85"], DCMTK_JPEG)
    for path in having(colour_kinds):
        for ending, options in [("444", ["+s4"]), ("422", ["+s2"]), ("411", ["+n1"]), ("rgb", ["+cr"])]:
            compress(path, f"jpeg-50-{ending}", ["dcmcjpeg", "+eb", "+q", "80", *options], DCMTK_JPEG)
    compress(files["grey"], "jpeg-progressive", ["dcmcjpeg", "+ep", "+q", "80"], DCMTK_JPEG, within=2)
    for path in having(["grey", "rgb", "twelve"]):
        compress(path, "j2k-lossy", ["gdcmconv", "--j2k", "--lossy", "-r", "10"], GDCM, within=1)


def segmented(values, wide):
    """A palette of segments: two explicit entries, a line, a repetition of both."""
    words = [0, 2, values[0], values[1], 1, 126, values[2], 2, 2, 0, 0] + ([] if wide else [0, 0])
    return np.array(words, "<u2").tobytes() if wide else bytes(words)


def photometric():
    """Colours and grey values that only the header determines."""
    rgb, grey8 = speckle(31, channels=3), speckle(32)
    path = make("planar", np.moveaxis(rgb, -1, 0), colour="RGB", planar=1)
    expect(copied(path, "raw"), path)
    compress(path, "rle", ["dcmcrle"], DCMTK_RLE)
    path = make("rgb16", speckle(33, most=65535, channels=3), colour="RGB", allocated=16, kind=SECONDARY)
    expect(copied(path, "raw"), path)
    ybr = speckle(34, width=64, channels=3)
    pairs = np.stack([ybr[:, 0::2, 0], ybr[:, 1::2, 0], ybr[:, 0::2, 1], ybr[:, 0::2, 2]], axis=-1)
    full = ybr.copy()
    full[:, 1::2, 1:] = full[:, 0::2, 1:]
    path = make("ybr422", pairs, colour="YBR_FULL_422", Columns=64)
    expect(copied(path, "raw"), convert_color_space(full.astype(np.uint8), "YBR_FULL", "RGB")[np.newaxis])
    path = make("partial422", pairs, colour="YBR_PARTIAL_422", Columns=64)
    matrix = np.array([[1.1644, 0, 1.5960], [1.1644, -0.3917, -0.8130], [1.1644, 2.0173, 0]])  # PS3.3, C.7.6.3.1.2, inverted
    partial = np.clip(np.rint((full - [16, 128, 128]) @ matrix.T), 0, 255).astype(np.uint8)
    expect(copied(path, "raw"), partial[np.newaxis], within=1)
    lines = [[0, 65535, 30000], [500, 40000, 65535], [65535, 100, 0]]
    for bits, scale in [(16, 1), (8, 256)]:
        names = ["Red", "Green", "Blue"]
        more = {f"{colour}PaletteColorLookupTableDescriptor": [256, 0, bits] for colour in names}
        for colour, values in zip(names, lines):
            data = segmented([value // scale for value in values], bits == 16)
            more[f"Segmented{colour}PaletteColorLookupTableData"] = data + b"\0" * (len(data) % 2)
        path = make(f"segmented{bits}", grey8, colour="PALETTE COLOR", **more)
        expect(copied(path, "raw"), path)
    table8 = {f"{colour}PaletteColorLookupTableDescriptor": [128, 40, 8] for colour in ["Red", "Green", "Blue"]}
    for index, colour in enumerate(["Red", "Green", "Blue"]):
        table8[f"{colour}PaletteColorLookupTableData"] = ((np.arange(128) * (index + 1)) % 256).astype(np.uint8).tobytes()
    path = make("palette8", grey8, colour="PALETTE COLOR", **table8)
    entries = np.clip(grey8 - 40, 0, 127)
    expect(copied(path, "raw"), np.stack([(entries * (index + 1)) % 256 for index in range(3)], axis=-1).astype(np.uint8)[np.newaxis])


def windows():
    """Windows, tables and bits."""
    twelve = speckle(41, most=4095)
    kinds = {
        "exact": {"WindowCenter": "1000.2", "WindowWidth": "1777", "VOILUTFunction": "LINEAR_EXACT"},
        "sigmoid": {"WindowCenter": "2000.4", "WindowWidth": "1500", "VOILUTFunction": "SIGMOID"},
        "narrow": {"WindowCenter": "2048", "WindowWidth": "1"},
        "none": {},
        "inverted": {"colour": "MONOCHROME1", "WindowCenter": "2000.3", "WindowWidth": "3001"},
    }
    for name, more in kinds.items():
        path = make(f"window-{name}", twelve, allocated=16, stored=12, **more)
        if name == "narrow":
            expect(copied(path, "raw"), np.where(twelve <= 2047.5, 0, 255).astype(np.uint8)[np.newaxis])
        else:
            expect(copied(path, "raw"), path)
    item = Dataset()
    item.LUTDescriptor = [1024, 500, 12]
    item.LUTData = np.rint(4095 * np.sqrt(np.arange(1024) / 1023)).astype("<u2").tobytes()
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "OW"
    path = make("voi-table", twelve, allocated=16, stored=12, VOILUTSequence=Sequence([item]), WindowCenter="99", WindowWidth="9")
    expect(copied(path, "raw"), path)
    modality = Dataset()
    modality.LUTDescriptor, modality.ModalityLUTType = [4096, 0, 16], "US"
    modality.LUTData = (np.arange(4096) * 7 % 65536).astype("<u2").tobytes()
    modality["LUTDescriptor"].VR, modality["LUTData"].VR = "US", "OW"
    path = make("modality-table", twelve, allocated=16, stored=12, ModalityLUTSequence=Sequence([modality]), WindowCenter="12000.6", WindowWidth="20000")
    expect(copied(path, "raw"), path)
    shifted = (twelve << 4) | 5
    path = make("high-bit", shifted, allocated=16, stored=12, HighBit=15, WindowCenter="2000.3", WindowWidth="3001")
    expect(copied(path, "raw"), grey(twelve, pydicom.dcmread(path)).astype(np.uint8)[np.newaxis])
    path = make("overlay-bits", twelve | 0xA000, allocated=16, stored=12, WindowCenter="2000.3", WindowWidth="3001")
    expect(copied(path, "raw"), grey(twelve, pydicom.dcmread(path)).astype(np.uint8)[np.newaxis])
    path = make("seven", speckle(42, most=127), stored=7)
    expect(copied(path, "raw"), path)
    path = make("signed8", speckle(43) - 128, signed=True)
    expect(copied(path, "raw"), path)


def fragments(files):
    """Frames in several fragments, with a right, a wrong and no table of offsets."""
    source = target(files["loop"], "jpeg-70")
    ds = pydicom.dcmread(source)
    frames = list(generate_pixel_data_frame(ds.PixelData, 4))
    reference = shown(pydicom.dcmread(files["loop"]))
    for ending, has_table in [("table", True), ("no-table", False)]:
        ds.PixelData = encapsulate(frames, fragments_per_frame=3, has_bot=has_table)
        ds["PixelData"].is_undefined_length = True
        out = target(files["loop"], f"fragments-{ending}")
        ds.save_as(out)
        expect(out, reference)
        if has_table:
            data = bytearray(ds.PixelData)
            data[12:16] = (77).to_bytes(4, "little")
            ds.PixelData = bytes(data)
            out = target(files["loop"], "fragments-wrong-table")
            ds.save_as(out)
            expect(out, reference)


os.makedirs(WORK, exist_ok=True)
made = sources()
plain(made)
compressed(made)
photometric()
windows()
fragments(made)
with open(os.path.join(OUT, "expected.json"), "w", encoding="utf-8") as file:
    json.dump(EXPECTED, file)
print(f"{len(EXPECTED)} files")
