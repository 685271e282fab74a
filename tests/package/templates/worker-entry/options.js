/** For bundlers that find assets, but build workers from an entry of their own. */
export const options = { worker: 'worker.js' };
