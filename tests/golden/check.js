/**
 * Compares a program's answers with the golden ones:
 *
 *     node tests/golden/check.js PROGRAM [ARGUMENT...]
 *
 * Runs `PROGRAM predict --out FOLDER IMAGE... ARGUMENT...` and compares its JSON lines and masks. Differences go to
 * stderr, one per line, and the exit status is then 1.
 */
import { programDifferences } from './program.js';

const [program, ...parameters] = process.argv.slice(2);
if (!program) {
    process.stderr.write('usage: node tests/golden/check.js PROGRAM [ARGUMENT...]\n');
    process.exitCode = 2;
} else {
    const found = await programDifferences(program, parameters);
    for (const line of found) process.stderr.write(`${line}\n`);
    process.exitCode = found.length > 0 ? 1 : 0;
}
