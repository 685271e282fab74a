/** Programs that run beside a test: their output, and their end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const PATIENCE = 180_000; // milliseconds: the machine may be busy

export class Program {
    #child;
    #output = '';
    #name;

    /**
     * @param {string} file
     * @param {string[]} parameters
     * @param {Record<string, string>} [environment] beside the test's own
     */
    constructor(file, parameters, environment = {}) {
        this.#name = file;
        this.#child = spawn(file, parameters, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
        for (const stream of [this.#child.stdout, this.#child.stderr, this.#child.stdio[3]])
            /** @type {import('node:stream').Readable} */ (stream).on('data', part => { this.#output += part; });
        this.#child.on('error', error => { this.#output += error.message; });
    }

    /** Everything that the program has written so far: standard output, standard error, and descriptor 3. */
    get output() {
        return this.#output;
    }

    /**
     * Waits until the output matches.
     * @param {RegExp} pattern
     * @returns {Promise<string>} the first group
     */
    async says(pattern) {
        const end = Date.now() + PATIENCE;
        for (;;) {
            const found = this.#output.match(pattern);
            if (found) return found[1] ?? '';
            if (this.#child.exitCode !== null || Date.now() > end) throw new Error(`${this.#name} did not start:\n${this.#output}`);
            await new Promise(resolve => { setTimeout(resolve, 50); });
        }
    }

    async stop() {
        if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
        const ended = once(this.#child, 'exit');
        this.#child.kill();
        const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
        await ended;
        clearTimeout(timer);
    }
}
