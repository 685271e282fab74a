#!/usr/bin/env node
/**
 * Measures sonomask and other engines ("peers") in one run, and writes a table and a chart:
 *
 *     node tests/bench/bench.js [SECTION...]      (`make bench`, `make bench BENCH="node native"`)
 *
 * Results go to stdout and to build/bench/ (bench.md, bench.json, bench.svg). A section that cannot run is
 * listed with the reason, and the others run. BENCH_SECONDS (10) is the approximate time per comparison.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, release } from 'node:os';
import path from 'node:path';
import { makeModels } from './lib/models.js';
import { RESULTS, progress, reason } from './lib/project.js';
import { Results } from './lib/results.js';
import { toSvg } from './report/chart.js';
import { toMarkdown } from './report/text.js';
import { answers, answersInChromium, stages } from './sections/answers.js';
import { native } from './sections/native.js';
import { images } from './sections/images.js';
import { downloads, memory } from './sections/page.js';
import { inChromium, inNode } from './sections/peers.js';
import { pythonPackage } from './sections/python.js';
import { layers, sizes } from './sections/scaling.js';
import { coldStart } from './sections/start.js';
import { loading, training } from './sections/training.js';
import { workers } from './sections/workers.js';

/** @typedef {(results: Results, effort: import('./lib/pairs.js').Effort) => Promise<void>} Section */

/** @type {Record<string, { does: string, run: Section, models?: false }>} models: whether it needs the files of the network */
const SECTIONS = {
    node: { does: 'the network in Node against onnxruntime-web (f32, int8) and TensorFlow.js', run: inNode },
    chromium: { does: 'the same in Chromium, and LiteRT.js', run: inChromium },
    workers: { does: 'two workers against one, in Node and Chromium', run: workers },
    native: { does: 'the native program against onnxruntime-node and PyTorch, 1 and 2 threads', run: native },
    training: { does: 'training steps against PyTorch', run: training },
    loading: { does: 'share of a training epoch that goes into loading and augmentation', run: loading },
    layers: { does: 'time per layer against the measured peak', run: layers },
    sizes: { does: 'time against image size and threads', run: sizes },
    answers: { does: 'loading, first and later segmentations and corrections in Node, and against the first generation', run: answers, models: false },
    'answers-chromium': { does: 'the same in Chromium', run: answersInChromium, models: false },
    stages: { does: 'the stages of a native segmentation, from image bytes to the answer', run: stages },
    python: { does: 'the Python package against the native command (after make test-python)', run: pythonPackage, models: false },
    start: { does: 'page load to first mask, beside a page with one heading', run: coldStart, models: false },
    images: { does: 'memory of the page with 1,000 images', run: images, models: false },
    downloads: { does: 'download sizes of all engines', run: downloads },
    memory: { does: 'memory of the wasm instance', run: memory },
};

/** @returns {string} */
function usage() {
    const lines = Object.entries(SECTIONS).map(([name, { does }]) => `  ${name.padEnd(17)} ${does}`);
    return `usage: node tests/bench/bench.js [SECTION...]\n\n${lines.join('\n')}\n`;
}

/**
 * @param {string[]} names
 * @returns {Promise<number>} exit status
 */
async function main(names) {
    if (names.includes('--help')) {
        process.stdout.write(usage());
        return 0;
    }
    const unknown = names.find(name => !Object.hasOwn(SECTIONS, name));
    const seconds = Number(process.env['BENCH_SECONDS'] ?? 10);
    if (unknown !== undefined || !(seconds > 0)) {
        process.stderr.write(unknown === undefined ? 'bench: BENCH_SECONDS must be a number above 0\n' : `bench: no section "${unknown}"\n\n${usage()}`);
        return 2;
    }
    const chosen = names.length > 0 ? names : Object.keys(SECTIONS);
    if (chosen.some(name => SECTIONS[name]?.models !== false)) {
        progress('writing the network for each engine');
        await makeModels();
    }
    const results = new Results();
    for (const name of chosen) {
        try {
            await SECTIONS[name]?.run(results, { seconds, minimum: 5, maximum: 101 });
        } catch (error) {
            results.missing.push({ what: name, reason: reason(error) });
        }
    }
    const [processor] = cpus();
    const machine = `${new Date().toISOString().slice(0, 10)}, ${processor?.model.trim()}, ${cpus().length} processors, ${arch()}, ` +
        `Linux ${release()}, Node ${process.version}.`;
    const markdown = toMarkdown(results, machine);
    await mkdir(RESULTS, { recursive: true });
    await writeFile(path.join(RESULTS, 'bench.md'), markdown);
    await writeFile(path.join(RESULTS, 'bench.json'), `${JSON.stringify({ machine, ...results }, null, 2)}\n`);
    await writeFile(path.join(RESULTS, 'bench.svg'), toSvg(results.comparisons));
    process.stdout.write(`\n${markdown}`);
    progress(`written to ${RESULTS}`);
    return 0;
}

// TensorFlow.js and onnxruntime leave timers and threads behind, so the process must be ended.
process.exit(await main(process.argv.slice(2)));
