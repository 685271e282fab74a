/** One image or cine loop of the list, with its answers. Plain data: call Store.changed after a change. */

/**
 * @typedef {import('../../wasm/sonomask.js').Lesion} Lesion
 * @typedef {import('../../wasm/sonomask.js').OperatingPoint} OperatingPoint
 * @typedef {import('../../wasm/sonomask.js').Prompts} Prompts
 * @typedef {import('../../wasm/sonomask.js').Rectangle} Rectangle
 * @typedef {import('../../wasm/sonomask.js').Region} Region
 * @typedef {import('../../wasm/sonomask.js').TissueClass} TissueClass
 * @typedef {import('../i18n/i18n.js').Key} Key
 * @typedef {import('../edit/edits.js').Edits} Edits
 * @typedef {import('../input/source.js').Kind} Kind
 * @typedef {import('../input/source.js').Source} Source
 */

/**
 * A pixel spacing and its origin. The spacing of a DICOM region applies inside its rectangle only.
 * @typedef {object} Scale
 * @property {number} millimetres per pixel
 * @property {'dicom' | 'user'} origin
 * @property {{ x: number, y: number, width: number, height: number } | null} region pixels; null: the whole image
 */

/**
 * The network's answer as it came, without the painted edits.
 * @typedef {object} NetworkAnswer
 * @property {number} threshold
 * @property {Prompts} prompts clicks and box that it answers
 * @property {Lesion[]} lesions
 * @property {Lesion[]} possible
 * @property {Uint32Array} runs the mask
 * @property {Uint32Array | null} possibleRuns the mask of the possible lesions; null: there is none
 * @property {AloneAnswer | null} alone what the network answered about the frame alone; null: the answer is that, and was not
 *     made steady over the frames of a loop (loop/steady.js)
 */

/** @typedef {Pick<NetworkAnswer, 'lesions' | 'possible' | 'runs' | 'possibleRuns'>} AloneAnswer */

/**
 * The answer about one frame. The probability map is not here: state/maps.js keeps a few of them.
 * @typedef {object} FrameResult
 * @property {number} width
 * @property {number} height
 * @property {TissueClass} type
 * @property {Record<TissueClass, number>} probabilities
 * @property {number} presence probability that the frame shows a lesion
 * @property {OperatingPoint | null} operatingPoint what decided which outlines count; null: the weights hold none
 * @property {boolean} foreign whether the image is out of distribution; false when the weights have no statistics for that
 * @property {number} outlierScore distance from the training images; 1 is the limit
 * @property {import('../../wasm/sonomask.js').Warning[]} warnings
 * @property {number} overlayShare of the regions that a colour overlay covers, 0..1
 * @property {number} milliseconds
 * @property {number} threshold that made the mask
 * @property {Lesion[]} lesions
 * @property {Lesion[]} possible outlines that do not count as lesions
 * @property {Uint32Array} runs the mask, edits included, see state/masks.js
 * @property {Region[]} regions where the ultrasound pictures are, each with its own answer; empty in sessions of version 1.0
 * @property {'user' | 'dicom' | 'found'} regionsFrom
 * @property {NetworkAnswer} network
 * @property {Edits | null} edits
 */

/**
 * A distance that the user measured.
 * @typedef {object} Ruler
 * @property {number} frame
 * @property {{ x: number, y: number }} from pixels
 * @property {{ x: number, y: number }} to
 */

/** "missing": the item comes from a session without its image, whose file was not added yet. @typedef {'waiting' | 'running' | 'done' | 'failed' | 'cancelled' | 'missing'} State */

/**
 * A mask that was read from a file.
 * @typedef {object} DrawnMask
 * @property {number} width
 * @property {number} height
 * @property {Uint32Array} runs see state/masks.js
 * @property {Uint32Array} [apart] the mask with lesions apart that touch in `runs`
 */

/**
 * @typedef {object} Truth the ground-truth mask of a picture
 * @property {(Blob | DrawnMask)[]} files several are united
 * @property {import('../compare/metrics.js').Scores | null} scores of the frame in view
 * @property {Key | null} problem
 * @property {DrawnMask | null} read the united mask, once it was read
 * @property {Map<number, DrawnMask>} [frames] of a loop, by frame from 0 on; `files` is empty then
 * @property {Map<number, { runs: Uint32Array, scores: import('../compare/metrics.js').Scores }>} [frameScores] of a loop: the scores of the frames,
 *     each with the outlines that were compared
 * @property {boolean} [resize] whether masks of another size are resized to the picture
 * @property {boolean} [dark] whether the lesion is dark on a white ground; undefined: the border of the mask decides
 * @property {boolean} [inverted] whether it was read so
 */

/** What the reader decided about an image. @typedef {'open' | 'check' | 'accepted' | 'rejected'} ReviewState */

/**
 * The reader's own judgement, kept beside the network's answer.
 * @typedef {object} Review
 * @property {ReviewState} state
 * @property {TissueClass | null} type null: not stated
 * @property {string} birads a BI-RADS category; "": not stated
 * @property {string} notes
 * @property {import('../../wasm/dicom/report.js').ReaderWords} [words] the reader's own description of the lesion
 */

export const BIRADS = ['0', '1', '2', '3', '4', '4A', '4B', '4C', '5', '6'];

/** @returns {Review} */
export function noReview() {
    return { state: 'open', type: null, birads: '', notes: '' };
}

/**
 * @param {Item} item
 * @param {number} frame
 * @returns {import('../compare/metrics.js').Scores | null} of its outlines as they are now against its ground truth
 */
export function scoresOf(item, frame) {
    const { truth } = item;
    if (!truth?.frames) return frame === item.frame ? (truth?.scores ?? null) : null;
    const kept = truth.frameScores?.get(frame);
    return kept && kept.runs === item.results.get(frame)?.runs ? kept.scores : null;
}

let lastId = 0;

export class Item {
    /**
     * @param {Blob} file
     * @param {string} name
     * @param {string} [path] with its folders, where the browser gives them
     */
    constructor(file, name, path = name) {
        this.id = ++lastId;
        this.file = file;
        this.name = name;
        this.path = path;
        /** @type {State} */
        this.state = 'waiting';
        /** @type {{ key: Key, detail: string } | null} why it failed */
        this.problem = null;
        /** @type {HTMLImageElement | null} */
        this.thumbnail = null;
        /** @type {Kind | null} null: not opened yet */
        this.kind = null;
        /** Whether the picture is in no file, as a frozen live frame: it is lost with the page unless a session holds it. */
        this.onlyHere = false;
        /** The first bytes of the file, if they were read before it is opened. @type {Uint8Array | null} */
        this.head = null;
        /** @type {Source | null} while it is open, see state/opener.js */
        this.source = null;
        this.frame = 0;
        this.frameCount = 1;
        /** @type {Map<number, FrameResult>} by frame */
        this.results = new Map();
        /** Analysed frames whose answers are for other regions than those chosen since. @type {Set<number>} */
        this.stale = new Set();
        /** Frames of a loop that cannot be read, see state/damage.js. @type {Map<number, { key: Key, detail: string }>} */
        this.frameProblems = new Map();
        /** @type {Scale[]} the user's own scale comes first */
        this.scales = [];
        /** @type {Ruler[]} */
        this.rulers = [];
        /** @type {number | null} the user's threshold; null: the network's own */
        this.threshold = null;
        /** Where the user says that the ultrasound pictures are, in all frames; null: not chosen. @type {'whole' | Rectangle[] | null} */
        this.regions = null;
        /** @type {Truth | null} */
        this.truth = null;
        this.review = noReview();
        /** SHA-256 of the file, hexadecimal; "": not computed yet. */
        this.sha256 = '';
        /** SHA-256 of the weights that made the answers of a session; "": those of the page, or unknown. */
        this.model = '';
        /** @type {number | null} see bytes */
        this.givenBytes = null;
    }

    /** Of the file, also while that is missing. Read when it is asked for: a browser looks at the disk for each file. */
    get bytes() {
        return this.givenBytes ?? this.file.size;
    }

    set bytes(bytes) {
        this.givenBytes = bytes;
    }

    /** @returns {FrameResult | undefined} of the frame in view */
    get result() {
        return this.results.get(this.frame);
    }
}

/**
 * @param {Item} item whose source is open
 * @returns {'auto' | 'whole' | Rectangle[]} for the network: what the user chose, else what the file marks
 */
export function regionsFor({ regions, source }) {
    if (regions) return regions;
    return source?.pictures?.length ? source.pictures : 'auto';
}

/**
 * @param {Item} item whose source is open
 * @returns {'user' | 'dicom' | 'found'} who says where the pictures are
 */
export function regionsOrigin({ regions, source }) {
    if (regions) return 'user';
    return source?.pictures?.length ? 'dicom' : 'found';
}

/**
 * @param {Lesion} lesion
 * @returns {boolean} whether the user drew this outline, so that the network has not rated it
 */
export function isDrawn({ expectedDice, meanProbability }) {
    return expectedDice === 0 && meanProbability === 0;
}

/**
 * The scale that holds for a whole box of pixels.
 * @param {Item} item
 * @param {{ x: number, y: number, width: number, height: number }} box
 * @returns {Scale | null}
 */
export function scaleFor(item, box) {
    return (
        item.scales.find(
            ({ region }) =>
                region === null ||
                (box.x >= region.x &&
                    box.y >= region.y &&
                    box.x + box.width <= region.x + region.width &&
                    box.y + box.height <= region.y + region.height),
        ) ?? null
    );
}

/**
 * @param {Item} item
 * @returns {{ frame: number, result: FrameResult }[]} one for a still image, one per analysed frame of a loop
 */
export function answersOf(item) {
    if (item.state !== 'done') return [];
    // A loop that was stopped while its frames were analysed for other regions holds answers that no longer count.
    return [...item.results].filter(([frame]) => item.frameCount < 2 || !item.stale.has(frame)).map(([frame, result]) => ({ frame, result })).sort((a, b) => a.frame - b.frame);
}

/**
 * @param {Item} item
 * @returns {{ frame: number, result: FrameResult } | null} of the frame in view, else of the first analysed frame
 */
export function answerInView(item) {
    const answers = answersOf(item);
    return answers.find(({ frame }) => frame === item.frame) ?? answers[0] ?? null;
}
