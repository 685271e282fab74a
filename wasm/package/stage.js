#!/usr/bin/env node
/**
 * Makes the folder that is packed and published:
 *
 *     node wasm/package/stage.js FOLDER [REPOSITORY]
 *
 * It holds the files that package.json names, the README of the package instead of the project's, and a package.json without
 * what only development needs. The JavaScript is without its comments, a quarter of it; types and their documentation are in
 * the .d.ts files. REPOSITORY is the address of the public repository, for the fields `repository` and `homepage`
 * and the pictures of the README.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../..');

/** @returns {Promise<string[]>} the files that npm would pack, below the root */
async function packedFiles() {
    const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT });
    return JSON.parse(stdout)[0].files.map((/** @type {{ path: string }} */ file) => file.path);
}

/**
 * @param {Record<string, unknown>} manifest package.json
 * @param {string | undefined} repository
 * @returns {Record<string, unknown>}
 */
function published({ devDependencies: _, scripts: __, ...manifest }, repository) {
    if (!repository) return manifest;
    return { ...manifest, homepage: `${repository}#readme`, repository: { type: 'git', url: `git+${repository}.git` } };
}

/**
 * Comments that bundlers read, within `import()`, stay.
 * @param {string} source
 * @returns {Promise<string>}
 */
async function withoutComments(source) {
    const { code } = await transform(source, { format: 'esm', target: 'esnext', charset: 'utf8', legalComments: 'inline' });
    return code;
}

/**
 * @param {string} folder
 * @param {string | undefined} repository
 */
async function stage(folder, repository) {
    await rm(folder, { recursive: true, force: true });
    for (const file of await packedFiles()) {
        await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
        const from = path.join(ROOT, file), to = path.join(folder, file);
        await copyFile(from, to);
        // The files of wasm/vendor are built, and are minified already.
        if (/^wasm\/(?!vendor\/).*\.js$/.test(file)) await writeFile(to, await withoutComments(await readFile(from, 'utf8')));
    }
    const manifest = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
    await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(published(manifest, repository), null, 2)}\n`);
    const readme = await readFile(path.join(HERE, 'README.md'), 'utf8');
    // Pages of npm show pictures by absolute addresses only.
    const pictures = /^!\[[^\]]*\]\((?!https:)([^)]+)\)\n\n/gm;
    await writeFile(path.join(folder, 'README.md'), repository
        ? readme.replace(pictures, (whole, file) => whole.replace(file, `${repository}/raw/HEAD/${path.posix.join('wasm/package', file)}`))
        : readme.replace(pictures, ''));
}

const [folder, repository] = process.argv.slice(2);
if (!folder) {
    process.stderr.write('usage: node wasm/package/stage.js FOLDER [REPOSITORY]\n');
    process.exitCode = 2;
} else {
    await stage(path.resolve(folder), repository?.replace(/(\.git|\/)$/, ''));
}
