/** Prints timeAnswers of this process as JSON: node answers_node.js OPTIONS-AS-JSON */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { timeAnswers } from './answers.js';
import { MODELS } from './project.js';

const read = (/** @type {string} */ name) => readFile(path.join(MODELS, name));
process.stdout.write(JSON.stringify(await timeAnswers(read, JSON.parse(process.argv[2] ?? '{}'))));
