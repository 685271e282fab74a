/**
 * Measures how fast the page answers a person who marks up images. Usage, on a machine that does nothing else:
 * node tests/web/bench/desk.js [SECTION]...
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startSite } from '../support/page.js';
import { drop, many } from './adding.js';
import { clicksNeeded } from './clicks.js';
import { brush, click, jump, touch } from './frames.js';
import { finder, live, loop, zip } from './loops.js';
import { memory } from './memory.js';

/** @typedef {(site: import('../support/page.js').Site, folder: string) => Promise<void>} Section */

/** @type {Record<string, Section>} */
const SECTIONS = { click, touch, jump, brush, drop, many, memory, clicks: clicksNeeded, loop, zip, live, finder };

const names = process.argv.slice(2);
const unknown = names.find(name => !(name in SECTIONS));
if (unknown) {
    process.stderr.write(`desk.js: no section ${unknown}; there are ${Object.keys(SECTIONS).join(', ')}\n`);
    process.exit(2);
}
const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-desk-'));
const site = await startSite();
try {
    for (const [name, section] of Object.entries(SECTIONS))
        if (names.length === 0 || names.includes(name)) await section(site, path.join(folder, name));
} finally {
    await site.close();
    await rm(folder, { recursive: true });
}
