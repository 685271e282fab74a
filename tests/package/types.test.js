/** The declarations with every supported TypeScript, strict and with skipLibCheck off; publint and "are the types wrong". */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { attempt } from '../node/support/project.js';
import { makeProject, tarball } from './support/package.js';

const TOOLS = path.join(path.dirname(fileURLToPath(import.meta.url)), 'node_modules');
const require = createRequire(import.meta.url);

const STRICT = {
    strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true,
};

/** Projects: pages of a bundler, programs for Node without the types of browsers, and old libraries. */
const KINDS = {
    bundler: { compilerOptions: { ...STRICT, target: 'ES2020', module: 'ESNext', moduleResolution: 'bundler', lib: ['ES2020', 'DOM'], types: [] }, files: ['types.ts', 'types-dom.ts'] },
    node: { compilerOptions: { ...STRICT, target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', lib: ['ES2022'], types: ['node'] }, files: ['types.ts'] },
};

describe('types', () => {
    for (const version of ['5.0', '5.4', '5.9', '7'])
        for (const [kind, configuration] of Object.entries(KINDS)) {
            // The types of Node themselves need a newer compiler.
            if (version === '5.0' && kind === 'node') continue;
            test(`TypeScript ${version}, ${kind}`, async () => {
                const folder = await makeProject(`typescript-${version}-${kind}`, ['types.ts', 'types-dom.ts'],
                    { 'tsconfig.json': JSON.stringify(configuration) });
                const { status, stdout } = await attempt(process.execPath,
                    [path.join(TOOLS, `typescript-${version}/bin/tsc`), '-p', 'tsconfig.json'], { cwd: folder });
                assert.equal(status, 0, stdout);
            });
        }

    test('publint finds no fault', async () => {
        const { publint } = await import('publint');
        const folder = await makeProject('publint', []);
        const { messages } = await publint({ pkgDir: path.join(folder, 'node_modules/sonomask'), strict: true, pack: false });
        assert.deepEqual(messages, []);
    });

    test('"Are the types wrong" finds no fault', async () => {
        const program = path.join(path.dirname(require.resolve('@arethetypeswrong/cli/package.json')), 'dist/index.js');
        const { status, stdout } = await attempt(process.execPath, [program, await tarball(), '--profile', 'esm-only', '--no-color']);
        assert.equal(status, 0, stdout);
    });
});
