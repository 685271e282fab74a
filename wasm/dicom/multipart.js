/** Bodies of several parts (RFC 2387), as DICOMweb sends and receives files. */
import { damaged } from './error.js';

const CR = 13;
const LF = 10;
const DASH = 45;

/**
 * @param {Uint8Array} bytes
 * @param {Uint8Array} wanted
 * @param {number} from
 * @returns {number} where it begins; -1: nowhere
 */
function indexOf(bytes, wanted, from) {
    const [first = 0] = wanted;
    for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
        let length = 1;
        while (length < wanted.length && bytes[at + length] === wanted[length]) length++;
        if (length === wanted.length) return at;
    }
    return -1;
}

/**
 * @param {string} type of the body, from its header
 * @returns {string} the boundary; "" when the body has no parts
 */
export function boundaryOf(type) {
    if (!/^\s*multipart\//i.test(type)) return '';
    const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type) ?? [];
    return quoted ?? plain ?? '';
}

/**
 * @param {Uint8Array} body
 * @param {string} type of the body, from its header
 * @returns {Uint8Array[]} the contents of the parts; the body itself when it has none
 * @throws {import('./error.js').FileError} the body ends before its last part does
 */
export function partsOf(body, type) {
    const boundary = boundaryOf(type);
    if (boundary === '') return [body];
    const encoder = new TextEncoder();
    const mark = encoder.encode(`--${boundary}`);
    const next = encoder.encode(`\r\n--${boundary}`);
    const blank = encoder.encode('\r\n\r\n');
    const parts = [];
    let at = indexOf(body, mark, 0);
    if (at < 0) throw damaged('the answer has no parts');
    at += mark.length;
    while (!(body[at] === DASH && body[at + 1] === DASH)) {
        // A part without headers has an empty line at once.
        const start = body[at] === CR && body[at + 1] === LF ? indexOf(body, blank, at) : -1;
        if (start < 0) throw damaged('the answer ends too early');
        const content = start + blank.length;
        const headers = new TextDecoder('latin1').decode(body.subarray(at, start));
        const length = Number(/\r\ncontent-length:\s*(\d+)/i.exec(headers)?.[1] ?? Number.NaN);
        // A file is large, so that its stated length saves a search.
        const stated = content + length;
        const end = Number.isSafeInteger(length) && indexOf(body.subarray(stated, stated + next.length), next, 0) === 0 ? stated : indexOf(body, next, content);
        if (end < 0) throw damaged('the answer ends too early');
        parts.push(body.subarray(content, end));
        at = end + next.length;
    }
    return parts;
}

/**
 * @param {Uint8Array<ArrayBuffer>[]} files DICOM files
 * @returns {{ body: Blob, type: string }} a body with a part per file, and its type for the header
 */
export function multipart(files) {
    const boundary = `sonomask-${Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')}`;
    const parts = files.flatMap(file => [`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`, file, '\r\n']);
    return {
        body: new Blob([...parts, `--${boundary}--\r\n`]),
        type: `multipart/related; type="application/dicom"; boundary=${boundary}`,
    };
}
