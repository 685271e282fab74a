/** Texts of what went wrong with the archive. */

/**
 * @param {import('../i18n/i18n.js').t} t
 * @param {unknown} error
 * @returns {string}
 */
export function textOfTrouble(t, error) {
    const { trouble, key, detail, message, problem } = /** @type {any} */ (error) ?? {};
    if (trouble) return t(/** @type {import('../i18n/i18n.js').Key} */ (`archive.error.${trouble}`), { detail });
    if (problem?.key) return t(problem.key, { detail: String(problem.detail) });
    if (key) return t(key, { detail: String(detail) });
    return t('problem.unknown', { detail: String(message ?? error) });
}
