/**
 * The pictures of an H.264 stream, for a decoder: from a bare stream (ITU-T H.264, annex B) or an MPEG transport stream
 * (ITU-T H.222.0). Bytes only.
 */

const PACKET = 188; // bytes of a transport stream
const SYNC = 0x47;
const SLICE = 1;
const KEY_SLICE = 5;
const PARAMETERS = 7;

/** @typedef {{ bytes: Uint8Array, key: boolean }} Picture coded, with the parameter sets before it */

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array} the video of a transport stream; the same bytes when it is none
 */
export function bareStream(bytes) {
    if (bytes[0] !== SYNC || bytes[PACKET] !== SYNC || bytes[2 * PACKET] !== SYNC) return bytes;
    const parts = [];
    let video = -1;
    for (let at = 0; at + PACKET <= bytes.length && bytes[at] === SYNC; at += PACKET) {
        const packet = bytes.subarray(at, at + PACKET);
        const byte = (/** @type {number} */ index) => packet[index] ?? 0;
        const id = ((byte(1) & 0x1f) << 8) | byte(2);
        const adaptation = byte(3) & 0x20 ? byte(4) + 1 : 0;
        if (!(byte(3) & 0x10)) continue; // no payload
        let payload = packet.subarray(4 + adaptation);
        if (byte(1) & 0x40) {
            // The head of a packet of the stream: 0, 0, 1, and for video E0 to EF.
            const isVideo = payload[0] === 0 && payload[1] === 0 && payload[2] === 1 && ((payload[3] ?? 0) & 0xf0) === 0xe0;
            if (video < 0 && isVideo) video = id;
            if (id === video) payload = payload.subarray(9 + (payload[8] ?? 0));
        }
        if (id === video) parts.push(payload);
    }
    const stream = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
        stream.set(part, at);
        at += part.length;
    }
    return stream;
}

/**
 * @param {Uint8Array} stream
 * @returns {number[]} where each unit begins: its start code 0, 0, 1
 */
function startsOf(stream) {
    const starts = [];
    for (let at = stream.indexOf(1, 2); at >= 0; at = stream.indexOf(1, at + 1)) if (stream[at - 1] === 0 && stream[at - 2] === 0) starts.push(at - 2);
    return starts;
}

/**
 * @param {Uint8Array} stream bare
 * @returns {{ codec: string, pictures: Picture[] } | null} codec as browsers name it; null: not H.264
 */
export function readH264(stream) {
    const starts = startsOf(stream);
    if (starts.length === 0 || (starts[0] ?? 0) > 4) return null;
    let codec = '';
    /** @type {Picture[]} */
    const pictures = [];
    let begin = starts[0] ?? 0;
    /** Whether the picture has a slice already, and whether it is one that needs no other picture. */
    let [coded, key] = [false, false];
    const end = (/** @type {number} */ at) => {
        if (coded) pictures.push({ bytes: stream.subarray(begin, at), key });
        begin = at;
        [coded, key] = [false, false];
    };
    for (const at of starts) {
        const type = (stream[at + 3] ?? 0) & 0x1f;
        const isSlice = type === SLICE || type === KEY_SLICE;
        // The first bit of a slice that begins with the first macroblock is 1.
        const isFirst = isSlice && ((stream[at + 4] ?? 0) & 0x80) !== 0;
        const isBetween = type >= 6 && type <= 9;
        if (coded && (isFirst || isBetween)) end(at);
        if (isSlice) [coded, key] = [true, key || type === KEY_SLICE];
        // Profile, constraints and level follow the type.
        if (type === PARAMETERS && !codec) codec = `avc1.${Array.from(stream.subarray(at + 4, at + 7), byte => byte.toString(16).padStart(2, '0')).join('')}`;
    }
    end(stream.length);
    return codec && pictures[0]?.key ? { codec, pictures } : null;
}
