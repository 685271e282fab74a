/** Chromium without background activity that would disturb a measurement. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const ARGUMENTS = [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
];

/** @returns {Promise<import('playwright-core').Browser>} */
export function startChromium() {
    if (!existsSync(EXECUTABLE)) throw new Error(`no Chromium at ${EXECUTABLE} (apt-get install chromium, or set CHROMIUM)`);
    return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}
