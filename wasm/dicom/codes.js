/** Coded concepts (PS3.16), as sequences of one item. */

/** @typedef {import('./write.js').DataSet} DataSet */

/** The scheme of the program's own codes, which the standard has none for. */
export const OWN_SCHEME = '99SONOMASK';

/**
 * @param {string} value
 * @param {string} scheme
 * @param {string} meaning
 * @returns {DataSet[]}
 */
export function code(value, scheme, meaning) {
    return [{ CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning }];
}

const dcm = (/** @type {string} */ value, /** @type {string} */ meaning) => code(value, 'DCM', meaning);
const sct = (/** @type {string} */ value, /** @type {string} */ meaning) => code(value, 'SCT', meaning);
const ucum = (/** @type {string} */ value, /** @type {string} */ meaning) => code(value, 'UCUM', meaning);

const own = (/** @type {string} */ value, /** @type {string} */ meaning) => code(value, OWN_SCHEME, meaning);

export const CODES = {
    abnormality: sct('49755003', 'Morphologically Abnormal Structure'),
    lesion: sct('52988006', 'Lesion'),
    breast: sct('76752008', 'Breast'),
    breastUltrasound: sct('47079000', 'Ultrasonography of breast'),
    benign: sct('30807003', 'Benign'),
    malignant: sct('21594007', 'Malignant'),
    longAxis: sct('103339001', 'Long Axis'),
    shortAxis: sct('103340004', 'Short Axis'),
    area: sct('42798000', 'Area'),
    perimeter: sct('131191004', 'Perimeter'),
    artificialIntelligence: dcm('123110', 'Artificial Intelligence'),
    width: sct('103355008', 'Width'),
    height: dcm('121207', 'Height'),
    distanceFromSkin: dcm('121243', 'Distance from skin'),
    heightRatio: own('HEIGHT-RATIO', 'Height to width ratio'),
    shape: sct('107644003', 'Shape'),
    orientation: dcm('111354', 'Orientation'),
    margins: dcm('111037', 'Margins'),
    echo: dcm('111360', 'Echo pattern'),
    posterior: dcm('111366', 'Posterior acoustic features'),
    boundary: dcm('111357', 'Lesion boundary'),
    segmentation: dcm('113076', 'Segmentation'),
    sourceOfProcessing: dcm('121322', 'Source Image for Image Processing Operation'),
    report: dcm('126000', 'Imaging Measurement Report'),
    language: dcm('121049', 'Language of Content Item and Descendants'),
    english: code('en', 'RFC5646', 'English'),
    observerType: dcm('121005', 'Observer Type'),
    device: dcm('121007', 'Device'),
    person: dcm('121006', 'Person'),
    personName: dcm('121008', 'Person Observer Name'),
    deviceUid: dcm('121012', 'Device Observer UID'),
    deviceName: dcm('121013', 'Device Observer Name'),
    deviceManufacturer: dcm('121014', 'Device Observer Manufacturer'),
    deviceModel: dcm('121015', 'Device Observer Model Name'),
    deviceSerial: dcm('121016', 'Device Observer Serial Number'),
    procedure: dcm('121058', 'Procedure reported'),
    imageLibrary: dcm('111028', 'Image Library'),
    imageLibraryGroup: dcm('126200', 'Image Library Group'),
    measurements: dcm('126010', 'Imaging Measurements'),
    measurementGroup: dcm('125007', 'Measurement Group'),
    trackingIdentifier: dcm('112039', 'Tracking Identifier'),
    trackingUid: dcm('112040', 'Tracking Unique Identifier'),
    finding: dcm('121071', 'Finding'),
    noAbnormality: dcm('111286', 'No abnormality'),
    impression: dcm('121073', 'Impression'),
    certaintyOfFinding: dcm('111012', 'Certainty of Finding'),
    certaintyOfImpression: dcm('111013', 'Certainty of Impression'),
    probabilityOfCancer: dcm('111047', 'Probability of cancer'),
    assessment: dcm('111005', 'Assessment Category'),
    comment: dcm('121106', 'Comment'),
    segmentFrame: dcm('121214', 'Referenced Segmentation Frame'),
    sourceImage: dcm('121233', 'Source image for segmentation'),
    algorithmName: dcm('111001', 'Algorithm Name'),
    algorithmVersion: dcm('111003', 'Algorithm Version'),
    algorithmParameters: dcm('111002', 'Algorithm Parameters'),
    millimetres: ucum('mm', 'millimeter'),
    squareMillimetres: ucum('mm2', 'square millimeter'),
    pixels: ucum('{pixels}', 'pixels'),
    ratio: ucum('{ratio}', 'ratio'),
    count: ucum('{count}', 'count'),
    percent: ucum('%', 'percent'),
};

/**
 * The words of outlines, by their kind (context groups 6004, 6006 and 6152 to 6155); words that the standard has no code for
 * have one of the program.
 * @type {Record<'shape' | 'orientation' | 'margins' | 'echo' | 'posterior' | 'boundary', Record<string, DataSet[]>>}
 */
export const WORDS = {
    shape: { oval: sct('84360004', 'Ovoid shape'), round: sct('42700002', 'Round shape'), irregular: sct('49608001', 'Irregular') },
    orientation: { parallel: dcm('111355', 'Parallel'), 'not parallel': dcm('111356', 'Not parallel') },
    margins: {
        circumscribed: sct('129738007', 'Circumscribed lesion'),
        'not circumscribed': code('NOT-CIRCUMSCRIBED', OWN_SCHEME, 'Not circumscribed'),
        indistinct: sct('129741003', 'Indistinct lesion'),
        angular: dcm('111343', 'Angular margins'),
        microlobulated: sct('129739004', 'Microlobulated lesion'),
        spiculated: sct('129742005', 'Spiculated lesion'),
    },
    echo: {
        anechoic: dcm('111361', 'Anechoic'),
        hyperechoic: dcm('111362', 'Hyperechoic'),
        'complex cystic and solid': dcm('111363', 'Complex'),
        hypoechoic: dcm('111364', 'Hypoechoic'),
        isoechoic: dcm('111365', 'Isoechoic'),
        heterogeneous: code('HETEROGENEOUS', OWN_SCHEME, 'Heterogeneous'),
    },
    posterior: {
        'no posterior features': dcm('111367', 'No posterior acoustic features'),
        enhancement: dcm('111368', 'Posterior enhancement'),
        shadowing: dcm('111369', 'Posterior shadowing'),
        'combined pattern': dcm('111370', 'Combined posterior enhancement and shadowing'),
    },
    boundary: { halo: dcm('111359', 'Echogenic halo') },
};

/**
 * The numbers behind the words, by their names in Descriptors; the standard has no code for them. Counts have units of their own.
 * @type {[name: 'axisRatio' | 'roughness' | 'edgeContrast' | 'weakEdge' | 'corners' | 'lobes' | 'spicules' | 'echoRatio' | 'echoSpread' | 'posteriorRatio' | 'haloRatio',
 *     concept: DataSet[], unit: DataSet[]][]}
 */
export const NUMBERS = [
    ['axisRatio', own('AXIS-RATIO', 'Minor to major axis ratio'), CODES.ratio],
    ['roughness', own('ROUGHNESS', 'Roughness of the edge'), CODES.ratio],
    ['edgeContrast', own('EDGE-CONTRAST', 'Contrast of the edge'), CODES.ratio],
    ['weakEdge', own('WEAK-EDGE', 'Share of the edge without contrast'), CODES.ratio],
    ['corners', own('CORNERS', 'Corners of the outline'), CODES.count],
    ['lobes', own('LOBES', 'Hollows between lobes of the outline'), CODES.count],
    ['spicules', own('SPICULES', 'Spicules of the outline'), CODES.count],
    ['echoRatio', own('ECHO-RATIO', 'Grey inside to beside the lesion'), CODES.ratio],
    ['echoSpread', own('ECHO-SPREAD', 'Spread of the grey inside'), CODES.ratio],
    ['posteriorRatio', own('POSTERIOR-RATIO', 'Grey below the lesion to beside that'), CODES.ratio],
    ['haloRatio', own('HALO-RATIO', 'Grey of the rim to its surroundings'), CODES.ratio],
];

/** ACR BI-RADS, 4th edition, of the categories that SNOMED CT has no code for. */
const bi = (/** @type {string} */ value, /** @type {string} */ meaning) => [{ ...code(value, 'BI', meaning)[0], CodingSchemeVersion: '4.0' }];

/** The categories of the reader (context group 6027). @type {Record<string, DataSet[]>} */
export const ASSESSMENTS = {
    '0': sct('397138000', '0 - Incomplete - Need additional imaging evaluation +/- priors'),
    '1': sct('397140005', '1 - Negative'),
    '2': sct('397141009', '2 - Benign'),
    '3': sct('397143007', '3 - Probably Benign'),
    '4': sct('397144001', '4 - Suspicious'),
    '4A': bi('MA.II.A.5.4A', '4A - Low suspicion'),
    '4B': bi('MA.II.A.5.4B', '4B - Intermediate suspicion'),
    '4C': bi('MA.II.A.5.4C', '4C - Moderate suspicion'),
    '5': sct('397145000', '5 - Highly suggestive of malignancy'),
    '6': bi('MA.II.A.5.6', '6 - Known biopsy proven malignancy'),
};
