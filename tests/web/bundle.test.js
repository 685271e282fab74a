/** A joined module behaves like the separate modules that it is made of. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { bundle } from '../../web/bundle.js';
import { LIBRARIES } from '../../web/serve.js';
import { ROOT, temporaryFolder } from '../node/support/project.js';

/**
 * @param {Record<string, string>} modules
 * @param {string} entry
 * @param {(file: string) => boolean} [isExternal]
 */
function join(modules, entry, isExternal) {
    const read = async (/** @type {string} */ file) => {
        const source = modules[file];
        if (source === undefined) throw new Error(`${file} is missing`);
        return source;
    };
    return bundle(entry, isExternal ? { read, isExternal } : { read });
}

test('imports, exports, dynamic imports and import.meta.url behave as in separate files', async context => {
    const folder = await temporaryFolder(context);
    const { code, imports } = await join(
        {
            'app/main.js': `
/** @type {import('./never.js').Type} */
import words from './words.js';
import { twice as double, Counter } from '../shared/numbers.js';
import * as again from './again.js';
import './effect.js';
// import { nothing } from './comment.js';
globalThis.order.push('main');
const { late } = await import('./late.js');
globalThis.joined = { hello: words.hello, four: double(2), count: new Counter().value, ...again, late: late(),
    order: globalThis.order, address: import.meta.url };
`,
            'app/words.js': `export default {\n    hello: 'مرحبا',\n};\n`,
            'app/again.js': `export { first, second as renamed } from '../shared/numbers.js';\n`,
            'app/effect.js': `globalThis.order = ['effect'];\n`,
            'app/late.js': `import { first } from '../shared/numbers.js';\nglobalThis.order.push('late');\nexport const late = () => \`late \${first} \${import.meta.url.split('/').slice(-2).join('/')}\`;\n`,
            'shared/numbers.js': `const second = 2;\nexport const first = 1;\nexport function twice(value) {\n    return 2 * value;\n}\nexport class Counter {\n    value = 7;\n}\nexport { second };\n`,
        },
        'app/main.js',
    );
    assert.deepEqual([...imports.keys()].sort(), ['app/again.js', 'app/effect.js', 'app/late.js', 'app/main.js', 'app/words.js', 'shared/numbers.js']);
    assert.deepEqual(imports.get('app/late.js'), ['shared/numbers.js']);
    assert.match(code, /مرحبا/);
    const file = path.join(folder, 'main.mjs');
    await writeFile(file, code);
    await import(pathToFileURL(file).href);
    const { address, order, ...rest } = /** @type {any} */ (globalThis).joined;
    assert.deepEqual(rest, { hello: 'مرحبا', four: 4, count: 7, first: 1, renamed: 2, late: `late 1 ${path.basename(folder)}/late.js` });
    assert.deepEqual(order, ['effect', 'main', 'late']);
    assert.equal(address, pathToFileURL(path.join(folder, 'main.js')).href);
});

test('an external library stays a separate file, with an address relative to the joined module', async () => {
    const { code, imports } = await join(
        { 'web/app.js': `import { load } from './deep/er.js';\nload();\n`, 'web/deep/er.js': `export const load = () => import('../vendor/library.js');\n` },
        'web/app.js',
        file => file.startsWith('web/vendor/'),
    );
    assert.match(code, /import\("\.\/vendor\/library\.js"\)/);
    assert.deepEqual(imports.get('web/deep/er.js'), []);
});

test('a missing or invalid module gives one line with its name', async () => {
    await assert.rejects(join({ 'a.js': `import './none.js';\n` }, 'a.js'), /^Error: a\.js:1: none\.js is missing$/);
    await assert.rejects(join({}, 'a.js'), /^Error: a\.js is missing$/);
    await assert.rejects(join({ 'a.js': `import 'lodash';\n` }, 'a.js'), /^Error: a\.js:1: "lodash" is not a module of the page$/);
    await assert.rejects(join({ 'a.js': `import { gone } from './b.js';\ngone();\n`, 'b.js': '' }, 'a.js'), /^Error: a\.js:1: .*gone.*b\.js/);
    await assert.rejects(join({ 'a.js': `\nconst = 1;\n` }, 'a.js'), /^Error: a\.js:2: /);
    await assert.rejects(join({ 'a.js': `import './b.js';`, 'b.js': `\nconst = import.meta.url;\n` }, 'a.js'), /^Error: .*b\.js:2: /);
});

/**
 * @param {Map<string, string[]>} imports of each module
 * @returns {string[]} a chain of modules that ends where it began; empty when there is none
 */
function findCycle(imports) {
    /** @type {Set<string>} */
    const finished = new Set();
    /** @type {(file: string, chain: string[]) => string[]} */
    const visit = (file, chain) => {
        if (chain.includes(file)) return [...chain.slice(chain.indexOf(file)), file];
        if (finished.has(file)) return [];
        for (const other of imports.get(file) ?? []) {
            const cycle = visit(other, [...chain, file]);
            if (cycle.length > 0) return cycle;
        }
        finished.add(file);
        return [];
    };
    for (const file of imports.keys()) {
        const cycle = visit(file, []);
        if (cycle.length > 0) return cycle;
    }
    return [];
}

test('the modules of the page and of the package have no circular imports, dynamic ones included', async () => {
    assert.deepEqual(findCycle(new Map([['a', ['b', 'c']], ['b', ['c']], ['c', ['b']]])), ['b', 'c', 'b']);
    const read = (/** @type {string} */ file) => readFile(path.join(ROOT, file), 'utf8');
    const isExternal = (/** @type {string} */ file) => `/${file}` in LIBRARIES;
    for (const entry of ['web/app.js', 'web/engine/start.js', 'web/engine/worker.js', 'web/input/decoder.js', 'web/sw.js', 'wasm/sonomask.js', 'wasm/worker.browser.js']) {
        const { imports } = await bundle(entry, { read, isExternal });
        assert.deepEqual(findCycle(imports), [], entry);
    }
});
