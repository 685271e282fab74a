/** Progress of a batch on stderr: a bar on a terminal, otherwise a line from time to time, as the native command shows it. */

const BAR_WIDTH = 24;
/** Milliseconds between two lines. */
const TERMINAL_INTERVAL = 100;
const REDIRECTED_INTERVAL = 10_000;

/**
 * @param {number} milliseconds
 * @returns {string} "1:02:03" or "2:03"
 */
function durationText(milliseconds) {
    const whole = Math.round(milliseconds / 1000);
    const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
    const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** A file name may hold line ends and control characters of the terminal. @param {string} text */
const printable = (text) => text.replace(/\p{Cc}/gu, '?');

export class Progress {
    #label;
    #total;
    #done = 0;
    #shown = false;
    #started = performance.now();
    #lastShown = this.#started;
    #terminal = process.stderr.isTTY === true;

    /**
     * @param {string} label
     * @param {number} total
     */
    constructor(label, total) {
        this.#label = label;
        this.#total = total;
    }

    /** @param {number} count of pictures that were found in addition */
    extend(count) {
        this.#total += count;
    }

    /**
     * @param {number} done
     * @param {string} note
     */
    show(done, note) {
        const now = performance.now();
        this.#done = done;
        const isLast = this.#terminal && done >= this.#total;
        if (!isLast && now - this.#lastShown < (this.#terminal ? TERMINAL_INTERVAL : REDIRECTED_INTERVAL)) return;
        this.#lastShown = now;
        this.#shown = true;
        const share = done / this.#total;
        const filled = Math.floor(share * BAR_WIDTH);
        const bar = this.#terminal ? `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ` : '';
        const remaining = durationText((now - this.#started) / done * (this.#total - done));
        const line = printable(`${this.#label} ${bar}${done}/${this.#total} (${Math.floor(share * 100)}%) ETA ${remaining}  ${note}`);
        // A line longer than the terminal would wrap, and then could not be drawn over.
        process.stderr.write(this.#terminal ? `\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}` : `${line}\n`);
    }

    /** @param {string} message printed as a line of its own, above the bar */
    complain(message) {
        process.stderr.write(`${this.#terminal && this.#shown ? '\r\x1b[K' : ''}sonomask: ${printable(message)}\n`);
        if (this.#terminal) this.#lastShown = 0; // the bar was removed: draw it at the next call
    }

    end() {
        if (!this.#shown) return;
        this.#shown = false;
        const elapsed = durationText(performance.now() - this.#started);
        process.stderr.write(this.#terminal ? '\n'
            : `${this.#label}: ${this.#done < this.#total ? 'ended after' : 'done in'} ${elapsed}\n`);
    }
}
