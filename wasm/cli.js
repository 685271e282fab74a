#!/usr/bin/env node
/** `npx sonomask predict`: the native command's `predict` in Node; `npx sonomask orthanc`: the same as a hook of an archive. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { makeWritable } from './cli-folder.js';
import { inputsOf } from './cli-inputs.js';
import { catchSignals } from './cli-interrupt.js';
import { SYNOPSIS, USAGE, UsageError, parseCommandLine } from './cli-options.js';
import { predictAll } from './cli-predict.js';
import { readPrompts } from './cli-prompts.js';
import { reasonOf } from './cli-reasons.js';
import { messageOf } from './error.js';
import { ownWeights } from './own-files.js';
import { Sonomask, SonomaskPool } from './sonomask.js';

const EXIT_DONE = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Writes a line to stderr, without the control characters that a file name may contain.
 * @param {string} line
 */
function print(line) {
    process.stderr.write(`${line.replace(/\p{Cc}/gu, '?')}\n`);
}

/** A failure of the whole run; the message is for people. */
class Failure extends Error {}

/**
 * @param {string} name of a file or folder
 * @returns {(error: unknown) => never}
 */
const failing = (name) => (error) => {
    throw new Failure(`${name}: ${reasonOf(error)}`, { cause: error });
};

/** Files that hold one picture. */
const SINGLE = /\.(png|jpe?g|bmp)$/i;

/**
 * One instance where there is nothing to divide: it starts faster than workers.
 * @param {import('./cli-options.js').Request} request
 * @param {string[]} files
 * @returns {Promise<Sonomask | SonomaskPool>}
 */
async function load({ model, threads }, files) {
    const size = files.every((file) => SINGLE.test(file)) ? Math.min(threads, files.length) : threads;
    try {
        return await (size === 1 ? Sonomask.load({ weights: model }) : SonomaskPool.load({ weights: model, size }));
    } catch (error) {
        throw new Failure(messageOf(error), { cause: error });
    }
}

/**
 * @param {import('./cli-options.js').Request} request
 * @param {Sonomask | SonomaskPool} engine
 * @returns {Promise<import('./dicom/derived.js').Maker | null>} what DICOM objects name; null when none are asked for
 */
async function makerOf({ derived, model = fileURLToPath(ownWeights()) }, { info: { version, network } }) {
    if (!derived) return null;
    const bytes = await readFile(model).catch(failing(model));
    return { version, network, weights: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * @param {import('./cli-options.js').Request} request
 * @returns {Promise<number>} exit status
 */
async function predict(request) {
    const { names, out } = request;
    const inputs = await inputsOf(names);
    const files = inputs.map(({ file }) => file);
    const prompts = request.prompts === undefined ? new Map()
        : await readPrompts(request.prompts, files).catch(failing(request.prompts));
    const engine = await load(request, files);
    try {
        // Last, so that no folder is created when there is no model.
        await makeWritable(out).catch(failing(out));
        const { failed, done } = await predictAll(engine, inputs, request, prompts, await makerOf(request, engine));
        if (failed.length > 0 && files.length > 1) {
            print(`sonomask: ${failed.length} of ${files.length} files failed:`);
            for (const file of failed) print(`  ${file}`);
        }
        if (done < files.length) print(`sonomask: interrupted after ${done} of ${files.length} files`);
        return failed.length === 0 && done === files.length ? EXIT_DONE : EXIT_FAILED;
    } finally {
        engine.dispose();
    }
}

/**
 * @param {string[]} argv after the name of the command
 * @returns {Promise<number>} exit status
 */
async function orthanc(argv) {
    const { runHook } = await import('./orthanc/command.js');
    try {
        return await runHook(argv);
    } catch (error) {
        if (error instanceof UsageError) throw error;
        throw new Failure(reasonOf(error), { cause: error });
    }
}

/**
 * @param {string[]} argv
 * @returns {Promise<number>} exit status
 */
async function main(argv) {
    try {
        if (argv[0] === 'orthanc') return await orthanc(argv.slice(1));
        const request = parseCommandLine(argv);
        if (request === 'help') {
            process.stdout.write(`${USAGE}\n`);
            return EXIT_DONE;
        }
        if (request === 'version') {
            const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
            process.stdout.write(`sonomask ${version}\n`);
            return EXIT_DONE;
        }
        catchSignals();
        return await predict(request);
    } catch (error) {
        if (error instanceof UsageError) {
            print(`sonomask: ${error.message}`);
            print(SYNOPSIS);
            print('try: sonomask --help');
            return EXIT_USAGE;
        }
        if (!(error instanceof Failure)) throw error;
        print(`sonomask: ${error.message}`);
        return EXIT_FAILED;
    }
}

// When the reader of the pipe has ended (`| head`), the rest of the batch is not needed. This is not an error.
process.stdout.on('error', (error) => {
    if ('code' in error && error.code === 'EPIPE') process.exit(EXIT_DONE);
    print(`sonomask: standard output: ${reasonOf(error)}`);
    process.exit(EXIT_FAILED);
});

process.exitCode = await main(process.argv.slice(2));
