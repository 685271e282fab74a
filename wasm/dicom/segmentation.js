/**
 * DICOM Segmentation objects (PS3.3, A.51) of ultrasound images: also of several frames and without a frame of reference, as
 * ultrasound has none. Each frame of the object names its segment and the frame of the source that it is of.
 */
import { CODES } from './codes.js';
import { commonOf, frameReference, NOTICE, partOfLoop, personName } from './derived.js';
import { dicomFile, newUid } from './write.js';

/**
 * @typedef {import('./derived.js').Made} Made
 * @typedef {import('./derived.js').Maker} Maker
 * @typedef {import('./reference.js').Reference} Reference
 * @typedef {import('./write.js').DataSet} DataSet
 */

export const SEGMENTATION_CLASS = '1.2.840.10008.5.1.4.1.1.66.4';

/** Who made an outline; "corrected": the network, and a reader changed it. @typedef {'network' | 'corrected' | 'drawn'} Origin */

/**
 * The answer about a frame of the source.
 * @typedef {object} SegmentedFrame
 * @property {number} frame from 0 on
 * @property {Uint8Array | Uint16Array} numbers [height][width], 0: background, 1: the first lesion, ... (outlines.js)
 * @property {number} lesions how many
 * @property {boolean} edited whether a person drew or corrected any of it
 * @property {Origin[]} [origins] of the lesions; without them, all are of the network, or corrected when edited
 */

/**
 * The probability times 255, [height][width]; edited: a person gave clicks or a box.
 * @typedef {{ frame: number, levels: Uint8Array, edited?: boolean }} ProbabilityFrame
 */

/**
 * @typedef {object} Written
 * @property {Uint8Array<ArrayBuffer>} file
 * @property {string} sopInstance
 * @property {string} series
 * @property {(string | null)[]} tracking identifiers of the segments; null where lesions of several frames share a segment
 * @property {Map<string, number>} frames "FRAME/SEGMENT" to the number of the frame in the object, both numbers from 1 on
 */

/**
 * @param {Origin[]} origins of what the segment holds
 * @returns {Origin}
 */
function united(origins) {
    const [first = 'network'] = origins;
    return origins.every(origin => origin === first) ? first : 'corrected';
}

/** Segment Algorithm Types (PS3.3, C.8.20.4). @type {Record<Origin, string>} */
const ALGORITHM_TYPES = { network: 'AUTOMATIC', corrected: 'SEMIAUTOMATIC', drawn: 'MANUAL' };

/** A colour of the display (CIELab, scaled to 16 bits) for each segment in turn. */
const COLOURS = [[44026, 49000, 50886], [51240, 20910, 46002], [38600, 40100, 15300], [58900, 31700, 57200]];

/**
 * One bit per pixel, frames without a gap, the first pixel in the lowest bit (PS3.5, 8.1.1).
 * @param {Uint8Array} bits
 * @param {number} start bit of the frame's first pixel
 * @param {Uint8Array | Uint16Array} numbers
 * @param {number} wanted
 */
function pack(bits, start, numbers, wanted) {
    for (let index = 0; index < numbers.length; index++) {
        if (numbers[index] !== wanted) continue;
        const bit = start + index;
        bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
}

/**
 * @param {Reference} source
 * @param {Maker} maker
 * @param {{ kind: 'BINARY' | 'FRACTIONAL', segments: DataSet[], parts: { frame: number, segment: number }[], pixels: Uint8Array, answered: number }} content
 *     the parts are the frames of the object; answered is the number of frames of the source that it is about, also those without a lesion
 * @param {Made} made
 * @returns {DataSet}
 */
function dataSet(source, maker, { kind, segments, parts, pixels, answered }, made) {
    const isBinary = kind === 'BINARY';
    const uid = made.uid ?? newUid;
    const organization = { DimensionOrganizationUID: uid() };
    const ranks = new Map([...new Set(parts.map(({ frame }) => frame))].sort((a, b) => a - b).map((frame, rank) => [frame, rank + 1]));
    const bits = isBinary ? 1 : 8;
    const part = partOfLoop(source, answered);
    return {
        ...commonOf(source, maker, SEGMENTATION_CLASS, { modality: 'SEG', seriesNumber: 9001, description: `sonomask segmentation${part && `, ${part}`} (research use)` }, made),
        ...source.lossy,
        ImageType: ['DERIVED', 'PRIMARY'],
        PatientOrientation: '',
        ContentLabel: 'RESEARCH USE',
        ContentDescription: `Breast lesions. ${NOTICE}`,
        ContentCreatorName: personName(maker.reader),
        ReferencedSeriesSequence: [{
            SeriesInstanceUID: source.series,
            ReferencedInstanceSequence: [{ ReferencedSOPClassUID: source.sopClass, ReferencedSOPInstanceUID: source.sopInstance }],
        }],
        Rows: source.height,
        Columns: source.width,
        NumberOfFrames: parts.length,
        SamplesPerPixel: 1,
        PhotometricInterpretation: 'MONOCHROME2',
        BitsAllocated: bits,
        BitsStored: bits,
        HighBit: bits - 1,
        PixelRepresentation: 0,
        SegmentationType: kind,
        ...(!isBinary && { SegmentationFractionalType: 'PROBABILITY', MaximumFractionalValue: 255 }),
        SegmentsOverlap: 'NO',
        SegmentSequence: segments,
        DimensionOrganizationSequence: [organization],
        DimensionIndexSequence: [
            {
                ...organization, DimensionIndexPointer: 0x0062000b, FunctionalGroupPointer: 0x0062000a,
                DimensionDescriptionLabel: 'Segment Number',
            },
            {
                ...organization, DimensionIndexPointer: 0x00209128, FunctionalGroupPointer: 0x00209111,
                DimensionDescriptionLabel: 'Frame of the source',
            },
        ],
        SharedFunctionalGroupsSequence: [{}],
        PerFrameFunctionalGroupsSequence: parts.map(({ frame, segment }) => ({
            // Both count the frames of the source that are in the object; the number in the source is in the reference.
            FrameContentSequence: [{ DimensionIndexValues: [segment, ranks.get(frame) ?? 1], TemporalPositionIndex: ranks.get(frame) ?? 1 }],
            DerivationImageSequence: [{
                DerivationCodeSequence: CODES.segmentation,
                SourceImageSequence: [{
                    ...frameReference(source, frame),
                    SpatialLocationsPreserved: 'YES',
                    PurposeOfReferenceCodeSequence: CODES.sourceOfProcessing,
                }],
            }],
            SegmentIdentificationSequence: [{ ReferencedSegmentNumber: segment }],
        })),
        PixelData: pixels,
    };
}

/**
 * @param {Maker} maker
 * @param {number} number from 1 on
 * @param {{ label: string, description: string, origin: Origin, tracking: DataSet }} facts
 * @returns {DataSet}
 */
function segmentOf(maker, number, { label, description, origin, tracking }) {
    return {
        SegmentNumber: number,
        SegmentLabel: label,
        SegmentDescription: description,
        SegmentAlgorithmType: ALGORITHM_TYPES[origin],
        // No algorithm made what a reader drew.
        ...(origin !== 'drawn' && {
            SegmentAlgorithmName: 'sonomask',
            SegmentationAlgorithmIdentificationSequence: [{
                AlgorithmFamilyCodeSequence: CODES.artificialIntelligence,
                AlgorithmName: `sonomask, network ${maker.network}`,
                AlgorithmVersion: maker.version,
                AlgorithmParameters: `SHA-256 of the weights: ${maker.weights}`,
            }],
        }),
        SegmentedPropertyCategoryCodeSequence: CODES.abnormality,
        SegmentedPropertyTypeCodeSequence: CODES.lesion,
        AnatomicRegionSequence: CODES.breast,
        RecommendedDisplayCIELabValue: COLOURS[(number - 1) % COLOURS.length],
        ...tracking,
    };
}

/**
 * The masks of an image: a segment per lesion of a frame. A loop's frames share the segments, in the order of their lesions,
 * largest first; only the lesions of a single image are tracked, because nothing says which lesions of two frames are the same.
 * Without any lesion the object has one empty frame, which says that none was found.
 * @param {Reference} source
 * @param {SegmentedFrame[]} frames at least one, of the size of the source
 * @param {Maker} maker
 * @param {Made} [made]
 * @returns {Written}
 */
export function binarySegmentation(source, frames, maker, made = {}) {
    const uid = made.uid ?? newUid;
    const pixelCount = source.width * source.height;
    const count = Math.max(1, ...frames.map(({ lesions }) => lesions));
    /** @type {Written['tracking']} */
    const tracking = [];
    const segments = Array.from({ length: count }, (_, index) => {
        const number = index + 1;
        const own = frames.length === 1 && number <= (frames[0]?.lesions ?? 0) ? uid() : null;
        tracking.push(own);
        return segmentOf(maker, number, {
            label: `Lesion ${number}`,
            description: own ? `Outline of a lesion. ${NOTICE}` : `Lesion number ${number} of each frame, by size. ${NOTICE}`,
            origin: united(frames.filter(({ lesions }) => lesions >= number).map(({ edited, origins }) => origins?.[index] ?? (edited ? 'corrected' : 'network'))),
            tracking: own ? { TrackingID: `Lesion ${number}`, TrackingUID: own } : {},
        });
    });
    const parts = Array.from({ length: count }, (_, index) => index + 1).flatMap(segment =>
        frames.filter(({ lesions }) => lesions >= segment).map(({ frame, numbers }) => ({ frame, segment, numbers })));
    const [first] = frames;
    if (parts.length === 0 && first) parts.push({ frame: first.frame, segment: 1, numbers: first.numbers });
    const pixels = new Uint8Array(Math.ceil((parts.length * pixelCount) / 8));
    for (const [index, { numbers, segment }] of parts.entries()) pack(pixels, index * pixelCount, numbers, segment);
    const set = dataSet(source, maker, { kind: 'BINARY', segments, parts, pixels, answered: frames.length }, made);
    return written(set, parts, tracking);
}

/**
 * The probability of a lesion at each pixel of the frames, in steps of 1/255, as one segment.
 * @param {Reference} source
 * @param {ProbabilityFrame[]} frames at least one, of the size of the source
 * @param {Maker} maker
 * @param {Made} [made]
 * @returns {Written}
 */
export function fractionalSegmentation(source, frames, maker, made = {}) {
    const pixelCount = source.width * source.height;
    const pixels = new Uint8Array(frames.length * pixelCount);
    for (const [index, { levels }] of frames.entries()) pixels.set(levels, index * pixelCount);
    const facts = { label: 'Lesion', description: `Probability of a lesion at each pixel. ${NOTICE}`, origin: /** @type {Origin} */ (frames.some(({ edited }) => edited) ? 'corrected' : 'network'), tracking: {} };
    const parts = frames.map(({ frame }) => ({ frame, segment: 1 }));
    return written(dataSet(source, maker, { kind: 'FRACTIONAL', segments: [segmentOf(maker, 1, facts)], parts, pixels, answered: frames.length }, made), parts, [null]);
}

/**
 * @param {DataSet} set
 * @param {{ frame: number, segment: number }[]} parts
 * @param {Written['tracking']} tracking
 * @returns {Written}
 */
function written(set, parts, tracking) {
    return {
        file: dicomFile(set),
        sopInstance: /** @type {string} */ (set['SOPInstanceUID']),
        series: /** @type {string} */ (set['SeriesInstanceUID']),
        tracking,
        frames: new Map(parts.map(({ frame, segment }, index) => [`${frame + 1}/${segment}`, index + 1])),
    };
}
