/** Light or dark theme: that of the system until the user chooses one. Only the user's choice is stored. */
const KEY = 'sonomask-theme';

/** @returns {'light' | 'dark'} */
function systemTheme() {
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** @returns {'light' | 'dark' | null} */
function chosenTheme() {
    try {
        const value = localStorage.getItem(KEY);
        return value === 'light' || value === 'dark' ? value : null;
    } catch {
        return null; // storage may be forbidden; then every visit follows the system
    }
}

/** @returns {'light' | 'dark'} */
export function currentTheme() {
    return document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light';
}

/** @param {'light' | 'dark'} theme */
function apply(theme) {
    document.documentElement.dataset['theme'] = theme;
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', theme === 'dark' ? '#0d1514' : '#f4f6f4');
}

/** Applies the theme and follows the system while the user has not chosen. */
export function startTheme() {
    apply(chosenTheme() ?? systemTheme());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
        if (!chosenTheme()) apply(systemTheme());
    });
}

export function toggleTheme() {
    const theme = currentTheme() === 'dark' ? 'light' : 'dark';
    apply(theme);
    try {
        localStorage.setItem(KEY, theme);
    } catch {
        // The choice then lasts for this visit.
    }
}
