/**
 * Which outlines of a loop are the same lesion, and which of those lesions last. Numbers only: no picture, no page.
 *
 * Outlines of neighbouring frames are linked by their overlap, and a track counts by its length: the IOU tracker of
 * E. Bochinski, V. Eiselein and T. Sikora, "High-Speed Tracking-by-Detection Without Using Image Information", IEEE AVSS
 * 2017. As there, a track that is too short is noise of single frames. A gap of one frame is bridged, because a lesion that
 * the network misses once has not gone; no outline is made for that frame.
 */

/**
 * @typedef {object} Outline
 * @property {number} frame
 * @property {boolean} counted whether the network counts it as a lesion; otherwise it is a possible one
 * @property {boolean} fixed whether a reader corrected its frame: it always counts as it is
 */

/** A lesion over the frames. @template {Outline} T @typedef {T[]} Track in the order of the frames, at most one of a frame */

const LEAST_OVERLAP = 0.3; // IoU: lower than the paper's 0.5, because small outlines change more from frame to frame
const LONGEST_GAP = 1; // frames
const LASTING_SECONDS = 0.2;
const LASTING_FRAMES = 3;

/**
 * @param {number} framesPerSecond 0: unknown
 * @param {number} frameCount
 * @returns {number} frames in which a lesion must be outlined to count: those of 0.2 seconds, but at least 3; in a loop of
 *     fewer than 6 frames, half of them
 */
export function lastingFrames(framesPerSecond, frameCount) {
    const wanted = Math.max(LASTING_FRAMES, Math.round(framesPerSecond * LASTING_SECONDS));
    return Math.max(1, Math.min(wanted, Math.ceil(frameCount / 2)));
}

/**
 * Links each track to the outline that overlaps its last one most; an outline belongs to one track.
 * @template {Outline} T
 * @param {T[][]} frames outlines of each frame, in the order of the frames; a frame without answer has none
 * @param {(a: T, b: T) => number} overlap intersection over union, 0..1
 * @returns {Track<T>[]}
 */
export function link(frames, overlap) {
    /** @type {Track<T>[]} */
    const all = [];
    /** @type {Track<T>[]} */
    let open = [];
    for (const outlines of frames) {
        const [frame] = outlines.map(outline => outline.frame);
        if (frame === undefined) continue;
        open = open.filter(track => frame - lastOf(track).frame <= LONGEST_GAP + 1);
        const pairs = open
            .flatMap(track => outlines.map(outline => ({ track, outline, share: overlap(lastOf(track), outline) })))
            .filter(({ share }) => share >= LEAST_OVERLAP)
            .sort((a, b) => b.share - a.share);
        const taken = new Set();
        for (const { track, outline } of pairs) {
            if (taken.has(outline) || lastOf(track).frame === frame) continue;
            taken.add(outline);
            track.push(outline);
        }
        for (const outline of outlines) {
            if (taken.has(outline)) continue;
            const track = [outline];
            all.push(track);
            open.push(track);
        }
    }
    return all;
}

/**
 * @template {Outline} T
 * @param {Track<T>} track
 * @returns {T}
 */
function lastOf(track) {
    return /** @type {T} */ (track.at(-1));
}

/**
 * The outlines that count. A possible lesion counts only between two frames in which the same lesion counts by itself, so
 * that nothing begins earlier, ends later or exists at all without an outline that the network counted.
 * @template {Outline} T
 * @param {Track<T>[]} tracks
 * @param {number} least frames, see lastingFrames
 * @returns {Set<T>}
 */
export function lastingOutlines(tracks, least) {
    const lasting = new Set();
    for (const track of tracks) {
        for (const outline of track) if (outline.fixed && outline.counted) lasting.add(outline);
        const counted = track.filter(outline => outline.counted);
        if (counted.length < least) continue;
        const [first, last] = [counted[0]?.frame ?? 0, counted.at(-1)?.frame ?? 0];
        for (const outline of track) if (!outline.fixed && outline.frame >= first && outline.frame <= last) lasting.add(outline);
    }
    return lasting;
}

/**
 * A pixel belongs to the outline when it does in two of three neighbouring frames. An outline that moves by more than its
 * own size from frame to frame has no such pixel, and stays as it is.
 * @param {[Uint32Array, Uint32Array, Uint32Array]} outlines pixels of the frame before, of the frame itself, of the next one
 * @param {number} length pixels of the picture
 * @returns {Uint32Array}
 */
export function majority(outlines, length) {
    const votes = new Uint8Array(length);
    /** @type {number[]} */
    const pixels = [];
    for (const outline of outlines)
        for (const pixel of outline) {
            votes[pixel] = (votes[pixel] ?? 0) + 1;
            if (votes[pixel] === 2) pixels.push(pixel);
        }
    return pixels.length > 0 ? Uint32Array.from(pixels) : outlines[1];
}
