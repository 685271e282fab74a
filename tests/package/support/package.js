/** The packed package, and fresh projects that install it. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILD, ROOT, execute } from '../../node/support/project.js';

const HERE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
/** Inside of the folder of the tools, so that projects find them as if they had installed them. */
const PROJECTS = path.join(HERE, 'build');

/** @type {Promise<string> | undefined} */
let packing;

/** @returns {Promise<string>} the tarball */
export function tarball() {
    packing ??= pack();
    return packing;
}

async function pack() {
    const folder = path.join(BUILD, 'package', String(process.pid));
    await execute(process.execPath, [path.join(ROOT, 'wasm/package/stage.js'), path.join(folder, 'sonomask')]);
    const { stdout } = await execute('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder,
        path.join(folder, 'sonomask')], { cwd: folder });
    const [{ filename }] = JSON.parse(stdout);
    return path.join(folder, filename);
}

/**
 * Makes a project from templates, and installs the packed package in it.
 * @param {string} name
 * @param {string[]} templates folders or files of tests/package/templates, in this order
 * @param {Record<string, string>} [files] further files
 * @returns {Promise<string>} its folder
 */
export async function makeProject(name, templates, files = {}) {
    const folder = path.join(PROJECTS, name);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'package.json'), `{ "name": "${name}", "private": true, "type": "module" }\n`);
    for (const template of templates) {
        const from = path.join(HERE, 'templates', template);
        await cp(from, template.includes('.') ? path.join(folder, path.basename(template)) : folder, { recursive: true });
    }
    for (const [file, content] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
        await writeFile(path.join(folder, file), content);
    }
    // The package has no dependencies, so the registry is not asked.
    await execute('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', await tarball()],
        { cwd: folder });
    return folder;
}
