import { answers } from './answers.js';

globalThis.answers = answers;
