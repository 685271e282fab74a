/**
 * DICOM structured reports: measurements of lesions and, apart from them, what a reader decided (PS3.16, TID 1500 with groups
 * of TID 1410 and 1501). An Enhanced SR that refers to a segmentation of segmentation.js.
 */
import { ASSESSMENTS, CODES, NUMBERS, OWN_SCHEME, WORDS } from './codes.js';
import { commonOf, frameReference, NOTICE, partOfLoop, personName } from './derived.js';
import { SEGMENTATION_CLASS } from './segmentation.js';
import { dicomFile, newUid } from './write.js';

/**
 * @typedef {import('./derived.js').Made} Made
 * @typedef {import('./derived.js').Maker} Maker
 * @typedef {import('./reference.js').Reference} Reference
 * @typedef {import('./segmentation.js').Written} Written
 * @typedef {import('./write.js').DataSet} DataSet
 */

export const REPORT_CLASS = '1.2.840.10008.5.1.4.1.1.88.22';
/** Of the program, as the device that observes; made once from a UUID. */
const DEVICE_UID = '2.25.154882575164308777294292379382576728668';

/**
 * Pixels; `millimetres` is the side of a pixel, or null where it is not known.
 * @typedef {object} MeasuredLesion
 * @property {number} area
 * @property {number} longAxis
 * @property {number} shortAxis
 * @property {number} perimeter
 * @property {number} presence probability that it is a lesion; 0: unknown
 * @property {number | null} millimetres
 * @property {'normal' | 'benign' | 'malignant'} type of its region
 * @property {Record<'normal' | 'benign' | 'malignant', number>} probabilities of its region
 * @property {import('../sonomask.js').Descriptors | null} [descriptors] of the outline
 * @property {import('./segmentation.js').Origin} [origin] of the outline; the network when left out
 */

/**
 * @typedef {object} ReportedFrame
 * @property {number} frame from 0 on
 * @property {MeasuredLesion[]} lesions in the order of the segments
 * @property {number} presence probability that the frame shows a lesion
 */

/**
 * What a reader decided about the image.
 * @typedef {object} Judgement
 * @property {'normal' | 'benign' | 'malignant' | null} type
 * @property {string} birads a category, "4A"; "": none
 * @property {string} notes
 * @property {ReaderWords} [words]
 */

/**
 * The reader's own description of the lesion, in the words of Descriptors.
 * @typedef {Partial<Record<'shape' | 'orientation' | 'margins' | 'echo' | 'posterior', string>>} ReaderWords
 */

export const READER_WORDS = /** @type {const} */ (['shape', 'orientation', 'margins', 'echo', 'posterior']);

/**
 * A content item.
 * @param {string} relation to the item that holds it, the words of the standard; "" for the root
 * @param {string} kind
 * @param {DataSet[] | undefined} concept
 * @param {DataSet} value
 * @param {DataSet[]} [children]
 * @returns {DataSet}
 */
function item(relation, kind, concept, value, children = []) {
    return {
        ...(relation && { RelationshipType: relation }),
        ValueType: kind,
        ConceptNameCodeSequence: concept,
        ...value,
        ...(children.length > 0 && { ContentSequence: children }),
    };
}

/** @param {string} relation @param {DataSet[]} concept @param {DataSet[]} value @param {DataSet[]} [children] */
const codeItem = (relation, concept, value, children) => item(relation, 'CODE', concept, { ConceptCodeSequence: value }, children);
/** @param {string} relation @param {DataSet[]} concept @param {string} text */
const textItem = (relation, concept, text) => item(relation, 'TEXT', concept, { TextValue: text });
/** @param {string} relation @param {DataSet[]} concept @param {number} value @param {DataSet[]} units */
const numberItem = (relation, concept, value, units) =>
    item(relation, 'NUM', concept, { MeasuredValueSequence: [{ NumericValue: Number(value.toPrecision(6)), MeasurementUnitsCodeSequence: units }] });
/** @param {DataSet[] | undefined} concept @param {DataSet} reference */
const imageItem = (concept, reference) => item('CONTAINS', 'IMAGE', concept, { ReferencedSOPSequence: [reference] });

/**
 * @param {DataSet[]} concept
 * @param {DataSet[]} children
 * @param {string} [template]
 */
const container = (concept, children, template) =>
    item('CONTAINS', 'CONTAINER', concept, {
        ContinuityOfContent: 'SEPARATE',
        ...(template && { ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: template }] }),
    }, children);

/**
 * @param {string} identifier
 * @param {string} uid
 */
const tracked = (identifier, uid) => [
    textItem('HAS OBS CONTEXT', CODES.trackingIdentifier, identifier),
    item('HAS OBS CONTEXT', 'UIDREF', CODES.trackingUid, { UID: uid }),
];

/**
 * @param {MeasuredLesion['type']} type
 * @param {DataSet[]} [certainty]
 * @returns {DataSet[]} no impression for "normal", which an outline cannot be
 */
function impressionOf(type, certainty) {
    return type === 'normal' ? [] : [codeItem('CONTAINS', CODES.impression, CODES[type], certainty)];
}

/**
 * @param {keyof typeof WORDS} kind
 * @param {string | null | undefined} word unknown ones are left out
 * @returns {DataSet[]}
 */
function wordItem(kind, word) {
    const value = WORDS[kind][word ?? ''];
    return value ? [codeItem('CONTAINS', CODES[kind], value)] : [];
}

/**
 * The words of an outline, which are computed.
 * @param {MeasuredLesion} lesion
 * @returns {DataSet[]}
 */
function wordsOf({ descriptors }) {
    if (!descriptors) return [];
    const { shape, orientation, margin, marginSigns, echo, posterior, halo } = descriptors;
    return [
        ...wordItem('shape', shape),
        ...wordItem('orientation', orientation),
        ...(marginSigns.length > 0 ? marginSigns : [margin]).flatMap(word => wordItem('margins', word)),
        ...wordItem('echo', echo),
        ...wordItem('posterior', posterior),
        ...(halo ? wordItem('boundary', 'halo') : []),
    ];
}

/**
 * @param {MeasuredLesion} lesion
 * @returns {DataSet[]}
 */
function measurementsOf({ area, longAxis, shortAxis, perimeter, millimetres, descriptors }) {
    const scale = millimetres ?? 1;
    const length = millimetres === null ? CODES.pixels : CODES.millimetres;
    return [
        numberItem('CONTAINS', CODES.longAxis, longAxis * scale, length),
        numberItem('CONTAINS', CODES.shortAxis, shortAxis * scale, length),
        numberItem('CONTAINS', CODES.perimeter, perimeter * scale, length),
        numberItem('CONTAINS', CODES.area, area * scale ** 2, millimetres === null ? CODES.pixels : CODES.squareMillimetres),
        ...(descriptors ? [
            numberItem('CONTAINS', CODES.width, descriptors.width * scale, length),
            numberItem('CONTAINS', CODES.height, descriptors.height * scale, length),
            numberItem('CONTAINS', CODES.distanceFromSkin, descriptors.depth * scale, length),
            numberItem('CONTAINS', CODES.heightRatio, descriptors.heightRatio, CODES.ratio),
            ...NUMBERS.flatMap(([name, concept, unit]) => {
                const value = descriptors[name];
                return value === null ? [] : [numberItem('CONTAINS', concept, value, unit)];
            }),
        ] : []),
    ];
}

/**
 * @param {Reference} source
 * @param {Written} segmentation
 * @param {Maker} maker
 * @param {ReportedFrame} frame
 * @param {() => string} uid
 * @returns {DataSet[]} a group per lesion; one for a frame without any
 */
function groupsOf(source, segmentation, maker, { frame, lesions, presence }, uid) {
    const place = source.frameCount > 1 ? `Frame ${frame + 1}, ` : '';
    const algorithm = [
        textItem('HAS CONCEPT MOD', CODES.algorithmName, `sonomask, network ${maker.network}`),
        textItem('HAS CONCEPT MOD', CODES.algorithmVersion, maker.version),
        textItem('HAS CONCEPT MOD', CODES.algorithmParameters, `SHA-256 of the weights: ${maker.weights}`),
    ];
    const sourceImage = imageItem(CODES.sourceImage, frameReference(source, frame));
    if (lesions.length === 0) {
        return [container(CODES.measurementGroup, [
            ...tracked(`${place}no lesion`.replace(/^n/, 'N'), uid()),
            ...algorithm,
            codeItem('CONTAINS', CODES.finding, CODES.noAbnormality, [numberItem('HAS PROPERTIES', CODES.certaintyOfFinding, 100 * (1 - presence), CODES.percent)]),
            sourceImage,
        ], '1501')];
    }
    return lesions.map((lesion, index) => {
        const segment = index + 1;
        const { type, probabilities, origin = 'network' } = lesion;
        const drawn = origin === 'network' ? [] : [textItem('CONTAINS', CODES.comment, `Outline ${origin} by a reader`)];
        const certainty = lesion.presence > 0 ? [numberItem('HAS PROPERTIES', CODES.certaintyOfFinding, 100 * lesion.presence, CODES.percent)] : [];
        return container(CODES.measurementGroup, [
            ...tracked(`${place}lesion ${segment}`.replace(/^l/, 'L'), segmentation.tracking[index] ?? uid()),
            ...algorithm,
            codeItem('CONTAINS', CODES.finding, CODES.lesion, certainty),
            imageItem(CODES.segmentFrame, {
                ReferencedSOPClassUID: SEGMENTATION_CLASS,
                ReferencedSOPInstanceUID: segmentation.sopInstance,
                // Frames of the object belong to one segment each, so that its number is not given (PS3.3, C.18.4).
                ReferencedFrameNumber: segmentation.frames.get(`${frame + 1}/${segment}`) ?? 1,
            }),
            sourceImage,
            ...drawn,
            ...measurementsOf(lesion),
            ...wordsOf(lesion),
            numberItem('CONTAINS', CODES.probabilityOfCancer, 100 * probabilities.malignant, CODES.percent),
            ...impressionOf(type, [numberItem('HAS PROPERTIES', CODES.certaintyOfImpression, 100 * probabilities[type], CODES.percent)]),
        ], '1410');
    });
}

/**
 * @param {Reference} source
 * @param {Judgement | undefined} judgement
 * @param {string} reader
 * @param {() => string} uid
 * @returns {DataSet[]} a group with what the reader decided
 */
function judgementGroup(source, judgement, reader, uid) {
    if (!judgement) return [];
    const { type, birads, notes, words = {} } = judgement;
    const described = READER_WORDS.flatMap(kind => wordItem(kind, words[kind]));
    const assessment = ASSESSMENTS[birads];
    if (!type && !assessment && !notes && described.length === 0) return [];
    return [container(CODES.measurementGroup, [
        codeItem('HAS OBS CONTEXT', CODES.observerType, CODES.person),
        item('HAS OBS CONTEXT', 'PNAME', CODES.personName, { PersonName: personName(reader) || 'Reader^' }),
        ...tracked('Judgement of the reader', uid()),
        imageItem(undefined, { ...frameReference(source, 0), ReferencedFrameNumber: undefined }),
        ...(type === 'normal' ? [codeItem('CONTAINS', CODES.finding, CODES.noAbnormality)] : type ? impressionOf(type) : []),
        ...(assessment ? [codeItem('CONTAINS', CODES.assessment, assessment)] : []),
        ...described,
        ...(notes ? [textItem('CONTAINS', CODES.comment, notes)] : []),
    ], '1501')];
}

/**
 * @param {Reference} source
 * @param {Written} segmentation of the same frames and lesions
 * @param {ReportedFrame[]} frames at least one
 * @param {Maker} maker
 * @param {Judgement} [judgement] of the reader
 * @param {Made} [made]
 * @returns {Uint8Array<ArrayBuffer>} the file
 */
export function measurementReport(source, segmentation, frames, maker, judgement, made = {}) {
    const uid = made.uid ?? newUid;
    const part = partOfLoop(source, frames.length);
    const observer = [
        codeItem('HAS OBS CONTEXT', CODES.observerType, CODES.device),
        item('HAS OBS CONTEXT', 'UIDREF', CODES.deviceUid, { UID: DEVICE_UID }),
        textItem('HAS OBS CONTEXT', CODES.deviceName, 'sonomask'),
        textItem('HAS OBS CONTEXT', CODES.deviceManufacturer, 'sonomask'),
        textItem('HAS OBS CONTEXT', CODES.deviceModel, `sonomask ${maker.version}, network ${maker.network}`),
        textItem('HAS OBS CONTEXT', CODES.deviceSerial, maker.weights),
    ];
    const library = container(CODES.imageLibrary, [
        container(CODES.imageLibraryGroup, [imageItem(undefined, { ...frameReference(source, 0), ReferencedFrameNumber: undefined })]),
    ]);
    const root = item('', 'CONTAINER', CODES.report, {
        ContinuityOfContent: 'SEPARATE',
        ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: '1500' }],
    }, [
        codeItem('HAS CONCEPT MOD', CODES.language, CODES.english),
        ...observer,
        codeItem('HAS CONCEPT MOD', CODES.procedure, CODES.breastUltrasound),
        textItem('CONTAINS', CODES.comment, [NOTICE, 'Words of lesions are measures of their outlines, not a diagnosis.', ...(part ? [`This report is about ${part}.`] : [])].join(' ')),
        library,
        container(CODES.measurements, [
            ...frames.flatMap(frame => groupsOf(source, segmentation, maker, frame, uid)),
            ...judgementGroup(source, judgement, maker.reader ?? '', uid),
        ]),
    ]);
    const instance = (/** @type {string} */ sopClass, /** @type {string} */ sopInstance) =>
        [{ ReferencedSOPClassUID: sopClass, ReferencedSOPInstanceUID: sopInstance }];
    return dicomFile({
        ...commonOf(source, maker, REPORT_CLASS, { modality: 'SR', seriesNumber: 9002, description: `sonomask report${part && `, ${part}`} (research use)` }, made),
        ReferencedPerformedProcedureStepSequence: [],
        PerformedProcedureCodeSequence: [],
        CompletionFlag: 'COMPLETE',
        VerificationFlag: 'UNVERIFIED',
        CodingSchemeIdentificationSequence: [
            { CodingSchemeDesignator: OWN_SCHEME, CodingSchemeName: 'Codes of sonomask', CodingSchemeResponsibleOrganization: 'sonomask' },
        ],
        CurrentRequestedProcedureEvidenceSequence: [{
            StudyInstanceUID: source.study,
            ReferencedSeriesSequence: [
                { SeriesInstanceUID: source.series, ReferencedSOPSequence: instance(source.sopClass, source.sopInstance) },
                { SeriesInstanceUID: segmentation.series, ReferencedSOPSequence: instance(SEGMENTATION_CLASS, segmentation.sopInstance) },
            ],
        }],
        ...root,
    });
}
