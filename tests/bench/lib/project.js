/** Paths of the project, running programs, and progress messages. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
/** The folder of `make`'s BUILD. */
export const BUILD = path.resolve(ROOT, process.env['BUILD'] ?? 'build');
export const SONOMASK = path.join(BUILD, 'sonomask');
export const RESULTS = path.join(BUILD, 'bench');
export const MODELS = path.join(RESULTS, 'models');
export const PYTHON = '/usr/bin/python3';

const execute = promisify(execFile);

/**
 * @param {string} program
 * @param {string[]} parameters
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {Promise<string>} its standard output
 */
export async function run(program, parameters, environment = {}) {
    const { stdout } = await execute(program, parameters,
        { maxBuffer: 1 << 26, env: { ...process.env, ...environment } });
    return stdout;
}

/**
 * @param {string[]} parameters of `sonomask bench`
 * @returns {Promise<any>} its JSON
 */
export async function sonomaskBench(parameters) {
    return JSON.parse(await run(SONOMASK, ['bench', '--json', ...parameters]));
}

/** @param {string} line */
export function progress(line) {
    process.stderr.write(`bench: ${line}\n`);
}

/**
 * @param {unknown} error
 * @returns {string} one line; for a program that failed, the last line of its stderr
 */
export function reason(error) {
    const stderr = error instanceof Error ? Reflect.get(error, 'stderr') : undefined;
    if (typeof stderr === 'string' && stderr.trim()) return stderr.trim().split('\n').at(-1) ?? '';
    const text = error instanceof Error ? error.message : String(error);
    return text.trim().split('\n')[0] ?? '';
}
