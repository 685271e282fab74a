/** Chromium with the settings of all tests that use a browser. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
];

/** Why tests with a browser cannot run here, or false. */
export const skip = existsSync(CHROMIUM) ? false : `no Chromium at ${CHROMIUM} (set CHROMIUM, or install the package)`;

/** @param {string[]} [more] arguments */
export const launch = (more = []) => chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, ...more] });
