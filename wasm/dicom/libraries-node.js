/** The libraries of the reader in Node. */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { makeLibraries } from './libraries.js';

export const libraries = makeLibraries(
    async () => new Uint8Array(await readFile(new URL('../vendor/openjpeg.wasm', import.meta.url))),
    (bytes, most) => promisify(inflateRaw)(bytes, { maxOutputLength: most }),
);
