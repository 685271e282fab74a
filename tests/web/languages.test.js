/** Both languages have the same texts, and the page uses each of them and no others. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import firstArabic from '../../web/i18n/ar.js';
import firstEnglish from '../../web/i18n/en.js';
import lateArabic from '../../web/i18n/late-ar.js';
import lateEnglish from '../../web/i18n/late-en.js';
import { ROOT } from '../node/support/project.js';

/** @typedef {string | Record<string, string>} Text */

const arabic = { ...firstArabic, ...lateArabic };
const english = { ...firstEnglish, ...lateEnglish };

/** @param {Text} text */
function placeholders(text) {
    const all = typeof text === 'string' ? text : (text['other'] ?? '');
    return [...all.matchAll(/\{(\w+)\}/g)].map(match => match[1]).sort();
}

test('both languages have the same texts with the same parameters', () => {
    assert.deepEqual(Object.keys(arabic).sort(), Object.keys(english).sort());
    for (const [key, text] of Object.entries(english)) {
        const other = /** @type {Text} */ (Reflect.get(arabic, key));
        assert.deepEqual(placeholders(other), placeholders(text), key);
    }
});

test('every plural form that a language needs exists', () => {
    for (const [tag, texts] of Object.entries({ en: english, ar: arabic })) {
        const rules = new Intl.PluralRules(tag);
        const forms = new Set(Array.from({ length: 200 }, (_, count) => rules.select(count + 1)));
        for (const [key, text] of Object.entries(texts))
            if (typeof text === 'object') for (const form of forms) assert.ok(Reflect.get(text, form), `${tag} ${key} ${form}`);
    }
});

test('every text that the page uses exists, and none is unused', async () => {
    const folder = path.join(ROOT, 'web');
    const files = (await readdir(folder, { recursive: true })).filter(file => /\.(js|html)$/.test(file) && !/i18n.(late-)?(en|ar)\.js$/.test(file));
    const sources = (await Promise.all(files.map(file => readFile(path.join(folder, file), 'utf8')))).join('\n');
    const named = [...sources.matchAll(/data-i18n(?:-label)?="([^"]+)"/g)].map(match => match[1] ?? '');
    for (const key of named) assert.ok(key in english, key);
    for (const key of Object.keys(english)) {
        const stem = key.slice(0, key.lastIndexOf('.') + 1);
        const whole = sources.includes(`'${key}'`) || sources.includes(`"${key}"`);
        assert.ok(whole || sources.includes(`\`${stem}$`) || sources.includes(`\`${key.split('.')[0]}.$`), `${key} is used`);
    }
});
