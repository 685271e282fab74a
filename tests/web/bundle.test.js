/** Modules joined into one do what they do apart. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { bundle } from '../../web/bundle.js';

/**
 * @param {Record<string, string>} modules
 * @param {string} entry
 * @param {(file: string) => boolean} [isExternal]
 */
function join(modules, entry, isExternal) {
    const read = async (/** @type {string} */ file) => {
        const source = modules[file];
        if (source === undefined) throw new Error(`${file} is not there`);
        return source;
    };
    return bundle(entry, isExternal ? { read, isExternal } : { read });
}

test('every form of import and export means what it means in files of their own', async context => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-bundle-'));
    context.after(() => rm(folder, { recursive: true }));
    const code = await join(
        {
            'app/main.js': `
/** @type {import('./never.js').Type} */
import words from './words.js';
import { twice as double, Counter } from '../shared/numbers.js';
import {
    first,
    renamed,
} from './again.js';
import './effect.js';
// import { nothing } from './comment.js';
const { late } = await import('./late.js');
globalThis.joined = { hello: words.hello, four: double(2), count: new Counter().value, first, renamed, late: late(),
    order: globalThis.order, address: import.meta.url };
`,
            'app/words.js': `export default {\n    hello: 'hello',\n};\n`,
            'app/again.js': `export { first, second as renamed } from '../shared/numbers.js';\n`,
            'app/effect.js': `globalThis.order = ['effect'];\n`,
            'app/late.js': `import { first } from '../shared/numbers.js';\nglobalThis.order.push('late');\nexport const late = () => \`late \${first} \${import.meta.url.split('/').slice(-2).join('/')}\`;\n`,
            'shared/numbers.js': `const second = 2;\nexport const first = 1;\nexport function twice(value) {\n    return 2 * value;\n}\nexport class Counter {\n    value = 7;\n}\nexport async function slow() {}\nexport { second };\n`,
        },
        'app/main.js',
    );
    const file = path.join(folder, 'main.mjs');
    await writeFile(file, code);
    await import(pathToFileURL(file).href);
    const { address, order, ...rest } = /** @type {any} */ (globalThis).joined;
    assert.deepEqual(rest, { hello: 'hello', four: 4, count: 7, first: 1, renamed: 2, late: `late 1 ${path.basename(folder)}/late.js` });
    assert.deepEqual(order, ['effect', 'late']);
    assert.equal(address, pathToFileURL(path.join(folder, 'main.js')).href);
});

test('a library stays a file of its own, addressed from where the joined module lies', async () => {
    const code = await join(
        { 'web/app.js': `import './deep/er.js';\n`, 'web/deep/er.js': `export const load = () => import('../vendor/library.js');\n` },
        'web/app.js',
        file => file.startsWith('web/vendor/'),
    );
    assert.match(code, /import\('\.\/vendor\/library\.js'\)/);
});

test('what it does not know it refuses', async () => {
    await assert.rejects(join({ 'a.js': `import * as everything from './b.js';\n`, 'b.js': '' }, 'a.js'), /a\.js: cannot join "import \* as/);
    await assert.rejects(join({ 'a.js': `import './b.js';\n`, 'b.js': `export let changing = 1;\n` }, 'a.js'), /b\.js: cannot join "export let/);
    await assert.rejects(join({ 'a.js': `import './b.js';\n`, 'b.js': `import './c.js';\n`, 'c.js': `import './b.js';\n` }, 'a.js'), /b\.js imports c\.js imports b\.js: a circle/);
    await assert.rejects(join({ 'a.js': `export const unheard = 1;\n` }, 'a.js'), /nothing can import/);
    await assert.rejects(join({ 'a.js': `import './none.js';\n` }, 'a.js'), /none\.js is not there/);
});
