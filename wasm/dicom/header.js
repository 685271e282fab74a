/** The values of a data set that the readers of pixels need. Patient data is not read. */

/** @typedef {import('dicom-parser').DataSet} DataSet */

/** Shared and per-frame functional groups of enhanced files. */
const SHARED_GROUPS = 'x52009229';

export class Header {
    #set;
    #little;

    /**
     * @param {DataSet} set
     * @param {boolean} little low byte first
     */
    constructor(set, little) {
        this.#set = set;
        this.#little = little;
    }

    /** @param {string} tag */
    has(tag) {
        return (this.#set.elements[tag]?.length ?? 0) > 0;
    }

    /**
     * @param {string} tag
     * @param {boolean} [all] all values, with backslashes between them
     * @returns {string | undefined} the first value
     */
    text(tag, all = false) {
        return (all ? this.#set.string(tag) : this.#set.string(tag, 0))?.trim();
    }

    /**
     * @param {string} tag of 16-bit numbers
     * @param {number} [index]
     * @returns {number | undefined}
     */
    number(tag, index = 0) {
        const element = this.#set.elements[tag];
        if (!element || element.length < 2 * (index + 1)) return undefined;
        return this.#set.uint16(tag, index);
    }

    /**
     * @param {string} tag
     * @param {number} index
     * @returns {number} of 16 bits, negative where the element says so; 0 when it is missing
     */
    signedNumber(tag, index) {
        const value = this.number(tag, index) ?? 0;
        return this.#set.elements[tag]?.vr === 'SS' ? (value << 16) >> 16 : value;
    }

    /**
     * @param {string} tag of a decimal text, in the data set or in the functional groups that all frames share
     * @returns {number | undefined} undefined when it is missing or no finite number
     */
    decimal(tag) {
        const value = Number.parseFloat(this.text(tag) ?? '');
        if (Number.isFinite(value)) return value;
        for (const group of this.#groups()) {
            const shared = Number.parseFloat(group.string(tag, 0) ?? '');
            if (Number.isFinite(shared)) return shared;
        }
        return undefined;
    }

    /**
     * @param {string} tag
     * @returns {number[]} all values of a decimal text
     */
    decimals(tag) {
        return (this.#set.string(tag) ?? '').split('\\').map(value => Number.parseFloat(value));
    }

    /** @returns {DataSet[]} */
    #groups() {
        const shared = this.#set.elements[SHARED_GROUPS]?.items?.[0]?.dataSet;
        return Object.values(shared?.elements ?? {}).flatMap(({ items }) => items?.[0]?.dataSet ?? []);
    }

    /**
     * @param {string} tag of a sequence
     * @returns {Header | null} its first item
     */
    item(tag) {
        return this.items(tag)[0] ?? null;
    }

    /**
     * @param {string} tag of a sequence
     * @returns {Header[]}
     */
    items(tag) {
        return (this.#set.elements[tag]?.items ?? []).flatMap(({ dataSet }) => (dataSet ? [new Header(dataSet, this.#little)] : []));
    }

    /**
     * @param {string} tag
     * @returns {number | undefined} of 32 bits
     */
    long(tag) {
        return (this.#set.elements[tag]?.length ?? 0) >= 4 ? this.#set.uint32(tag) : undefined;
    }

    /**
     * @param {string} tag
     * @returns {number[]} all values of 32 bits
     */
    longs(tag) {
        return Array.from({ length: (this.#set.elements[tag]?.length ?? 0) >> 2 }, (_, index) => this.#set.uint32(tag, index) ?? 0);
    }

    /**
     * @param {string} tag
     * @returns {number | undefined} of 64 bits
     */
    double(tag) {
        return (this.#set.elements[tag]?.length ?? 0) >= 8 ? this.#set.double(tag) : undefined;
    }

    /**
     * @param {string} tag
     * @returns {Uint8Array} the value as it is in the file, as far as the file goes
     */
    bytes(tag) {
        const element = this.#set.elements[tag];
        if (!element) return new Uint8Array(0);
        return this.#set.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
    }

    /**
     * @param {string} tag of words
     * @returns {number[]}
     */
    words(tag) {
        const bytes = this.bytes(tag);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        return Array.from({ length: bytes.length >> 1 }, (_, index) => view.getUint16(2 * index, this.#little));
    }

    /**
     * Bytes written as words, in their own order: with the high byte first, pairs are exchanged.
     * @param {string} tag
     * @returns {Uint8Array}
     */
    ordered(tag) {
        const bytes = this.bytes(tag);
        if (this.#little || this.#set.elements[tag]?.vr === 'OB') return bytes;
        return bytes.map((byte, index) => bytes[index ^ 1] ?? byte);
    }
}
