/** Nothing is configured: the package finds its files. */
export const options = {};
