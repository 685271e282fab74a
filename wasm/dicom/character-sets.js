/** Text of data sets in their own character sets (PS3.3, C.12.1.1.2; PS3.5, 6.1.2.5). */

/** Names of the web's encodings, by the registration that the defined terms end with. @type {Record<string, string>} */
const ENCODINGS = {
    6: 'windows-1252', 100: 'windows-1252', 101: 'iso-8859-2', 109: 'iso-8859-3', 110: 'iso-8859-4', 144: 'iso-8859-5',
    127: 'iso-8859-6', 126: 'iso-8859-7', 138: 'iso-8859-8', 148: 'windows-1254', 203: 'iso-8859-15', 166: 'windows-874',
    13: 'shift_jis', 87: 'iso-2022-jp', 149: 'euc-kr', 58: 'gbk', 192: 'utf-8',
};

/** By the letters that follow an escape letter. @type {[escape: string, encoding: string][]} */
const ESCAPES = [
    ['(B', 'windows-1252'], ['-A', 'windows-1252'], ['-B', 'iso-8859-2'], ['-C', 'iso-8859-3'], ['-D', 'iso-8859-4'], ['-L', 'iso-8859-5'],
    ['-G', 'iso-8859-6'], ['-F', 'iso-8859-7'], ['-H', 'iso-8859-8'], ['-M', 'windows-1254'], ['-b', 'iso-8859-15'], ['-T', 'windows-874'],
    [')I', 'shift_jis'], ['(J', 'shift_jis'], ['$B', 'iso-2022-jp'], ['$)C', 'euc-kr'], ['$)A', 'gbk'],
];

const ESCAPE = 0x1b;

/**
 * @param {string} term "ISO_IR 100", "ISO 2022 IR 87", "GB18030"; "" is the default
 * @returns {string}
 */
function encodingOf(term) {
    if (/^GB(18030|K)$/.test(term)) return 'gb18030';
    return ENCODINGS[/(\d+)$/.exec(term)?.[1] ?? ''] ?? 'windows-1252';
}

/**
 * @param {string} encoding
 * @param {Uint8Array} bytes
 */
function decode(encoding, bytes) {
    try {
        return new TextDecoder(encoding).decode(bytes);
    } catch {
        return new TextDecoder('windows-1252').decode(bytes); // a runtime without this encoding
    }
}

/**
 * @param {Uint8Array} bytes of a value
 * @param {string[]} terms the values of Specific Character Set
 * @returns {string} letters that cannot be read are replaced
 */
export function decodeText(bytes, terms) {
    let encoding = encodingOf(terms[0] ?? '');
    let text = '';
    let start = 0;
    for (let at = 0; at <= bytes.length; at++) {
        if (at < bytes.length && bytes[at] !== ESCAPE) continue;
        if (at > start) {
            const part = bytes.subarray(start, at);
            // Two bytes per letter without the highest bit: the decoder needs the escape itself.
            text += encoding === 'iso-2022-jp' ? decode(encoding, Uint8Array.of(ESCAPE, 0x24, 0x42, ...part)) : decode(encoding, part);
        }
        const after = String.fromCharCode(...bytes.subarray(at + 1, at + 4));
        const [escape = '', next = encoding] = ESCAPES.find(([letters]) => after.startsWith(letters)) ?? [];
        encoding = next;
        start = at + 1 + escape.length;
        at = Math.max(at, start - 1);
    }
    return text.replace(/[\0 ]+$/, '');
}
