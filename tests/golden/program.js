/** The golden answers against a program with the `predict` command. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Sonomask } from '../../wasm/sonomask.js';
import { ROOT, execute } from '../node/support/project.js';
import { described, differences, readGolden } from './golden.js';

/**
 * @param {string} program
 * @param {string[]} [parameters] after the images
 * @returns {Promise<string[]>} differences beyond the tolerances
 */
export async function programDifferences(program, parameters = []) {
    const golden = readGolden();
    const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-golden-'));
    const reader = await Sonomask.load({ weights: null });
    /** @param {'answers' | 'corrections'} part @param {string[]} more parameters */
    const compare = async (part, more) => {
        const images = Object.keys(golden[part]);
        const files = images.map((image) => path.join(ROOT, image));
        const { stdout } = await execute(program, ['predict', '--out', folder, ...files, ...parameters, ...more]);
        const lines = stdout.trim().split('\n').map((line) => JSON.parse(line));
        const found = lines.length === images.length ? [] : [`${lines.length} answers to ${images.length} images`];
        for (const [index, image] of images.entries()) {
            const file = await readFile(path.join(folder, `${path.basename(image, '.png')}_mask.png`));
            const { data, channels } = await reader.decode(file);
            const mask = Uint8Array.from(data.filter((_, at) => at % channels === 0));
            found.push(...differences(golden, image, { ...lines[index], ...described(lines[index]), mask }, part));
        }
        return found;
    };
    try {
        const prompts = path.join(folder, 'prompts.jsonl');
        const lines = Object.entries(golden.corrections)
            .map(([image, { clicks }]) => JSON.stringify({ file: path.join(ROOT, image), clicks }));
        await writeFile(prompts, lines.join('\n'));
        return [...(await compare('answers', [])), ...(await compare('corrections', ['--prompts', prompts]))];
    } finally {
        reader.dispose();
        await rm(folder, { recursive: true });
    }
}
