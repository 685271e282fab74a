/** Creates the parts of the page and connects their events. */
import { engine as loading, onDownload, samplesAtStart, warmEngine } from './engine/start.js';
import { Comparer } from './compare/comparer.js';
import { Edits } from './edit/edits.js';
import { problemOf } from './engine/problems.js';
import { Queue } from './engine/queue.js';
import { chooseLanguage, currentLanguage, formatNumber, formatPercent, onLanguage, startLanguage, t } from './i18n/i18n.js';
import { fetchSamples } from './input/samples.js';
import { preparePicker, startDrop, startPaste } from './input/sources.js';
import { Adjust } from './panel/adjust.js';
import { renderAnswer } from './panel/answer.js';
import { ScaleTool } from './panel/scale.js';
import { renderCompare } from './panel/compare.js';
import { Find } from './panel/find.js';
import { Frames } from './panel/frames.js';
import { Keep, reasonOf } from './panel/keep.js';
import { renderLesions } from './panel/lesions.js';
import { List } from './panel/list.js';
import { fetchModelCard, renderModel } from './panel/model.js';
import { Pairs } from './panel/pairs.js';
import { Results } from './panel/results.js';
import { Review } from './panel/review.js';
import { Save } from './panel/save.js';
import { Toolbar } from './panel/toolbar.js';
import { Intake } from './state/intake.js';
import { setBack, setBackToPoint } from './state/answers.js';
import { scaleFor } from './state/item.js';
import { MapCache } from './state/maps.js';
import { Opener } from './state/opener.js';
import { Session } from './state/session.js';
import { Store } from './state/store.js';
import { announce, notify, offer } from './ui/announce.js';
import { canChooseFolders } from './ui/browser.js';
import { afterNextFrame, byId, nextFrame, oncePerFrame, openDialog, prepareDialog } from './ui/dom.js';
import { keepFocus } from './ui/focus.js';
import { late } from './ui/late.js';
import { registerOffline } from './ui/offline.js';
import { moveInside } from './ui/roving.js';
import { renderHelp, startShortcuts } from './ui/shortcuts.js';
import { startTheme, toggleTheme } from './ui/theme.js';
import { Gestures } from './view/gestures.js';
import { Viewer } from './view/viewer.js';

/**
 * @typedef {import('./input/collect.js').Found} Found
 * @typedef {import('./state/item.js').Item} Item
 */

/** Only a slow download shows its share. */
const SLOW = 1000; // milliseconds

/** The engine, once it is ready. @type {import('./engine/engine.js').Engine | null} */
let engine = null;
/** State of the engine; its text is rendered again when the language changes. @type {{ state: 'loading' | 'ready' | 'failed', text: () => string }} */
let status = { state: 'loading', text: () => t('engine.loading', { share: '' }) };

/** @param {typeof status} next */
function setStatus(next) {
    status = next;
    byId('engine', HTMLElement).dataset['state'] = next.state;
    byId('engine-text', HTMLElement).textContent = next.text();
    byId('engine-again', HTMLElement).hidden = next.state !== 'failed';
}

onDownload(share => {
    // The weights may still be loading when something else has failed.
    if (status.state === 'loading' && performance.now() > SLOW) setStatus({ state: 'loading', text: () => t('engine.loading', { share: formatPercent(share) }) });
});

startTheme();
startLanguage();

const store = new Store();
const maps = new MapCache();
const opener = new Opener();
const queue = new Queue(store, maps, opener);
const session = new Session(store, queue, maps, opener);
const canvas = byId('canvas', HTMLCanvasElement);
const viewer = new Viewer(canvas, session);
const gestures = new Gestures(canvas, viewer, session);
const list = new List(store, queue);
const toolbar = new Toolbar(viewer, gestures, session);
const adjust = new Adjust(session, viewer, useThresholdForAll, useOperatingPoint);
const frames = new Frames(session);
const scaleTool = new ScaleTool(gestures, viewer, session, store);
const settle = async () => {
    await frames.stop();
    await session.refined();
};
const reader = byId('reader', HTMLInputElement);
const save = new Save(store, opener, settle, () => reader.value);
const keep = new Keep(store, () => ({ model: engine?.weights.sha256 ?? '', reader: reader.value, operatingPoint: store.operatingPoint }), settle);
const modelLoaded = async () => {
    await loading.ready;
    return loading.weights.sha256;
};
const comparer = new Comparer();
const intake = new Intake(store, session, queue, modelLoaded, () => reader.value, (items, saved) => {
    keep.markSaved(items);
    reader.value ||= saved.reader;
    // Scores are not saved. Without them means and tables would cover only the images that were in view.
    for (const item of items) if (item.truth && item.state === 'done') comparer.soon(item, loading);
});
const addFiles = (/** @type {Found[]} */ found) => void intake.add(found);
const results = new Results(store);
new Pairs(store, intake, comparer).render();
const find = new Find(store);
const review = new Review(store);

/** @param {Promise<Found[]>} samples */
async function addSamples(samples) {
    const found = await samples.catch(error => notify(t('problem.unknown', { detail: String(error) }), 'problem'));
    if (found) await intake.add(found);
    document.documentElement.classList.remove('sample-first'); // see engine/first.js
    renderView();
}

/**
 * Gives thresholds to items. Answers of those that are not in view are computed again.
 * @param {Map<Item, number | null>} thresholds null: the network's
 */
function setThresholds(thresholds) {
    for (const [item, threshold] of thresholds) {
        item.threshold = threshold;
        if (item === session.item) session.setThreshold(threshold);
        if (item === session.item || item.state !== 'done') continue;
        setBack(item, item.results.keys());
        store.changed(item);
    }
    queue.wake();
}

/** @param {number | null} threshold null: the network's */
function useThresholdForAll(threshold) {
    const others = store.items.filter(item => item !== session.item && item.threshold !== threshold);
    // The reader stands for these outlines.
    const changing = others.filter(({ review: { state } }) => state !== 'accepted');
    const kept = others.length - changing.length;
    const before = new Map(changing.map(item => [item, item.threshold]));
    setThresholds(new Map(changing.map(item => [item, threshold])));
    const text = threshold === null ? t('adjust.allReset') : t('adjust.allDone', { value: formatNumber(threshold, 2) });
    const undo = () => setThresholds(new Map([...before].filter(([item]) => item.threshold === threshold && item.review.state !== 'accepted' && store.items.includes(item))));
    offer('threshold', kept > 0 ? `${text} ${t('adjust.allKept', { count: kept })}` : text, [{ label: t('edit.undo'), run: undo }]);
}

/** @param {0.8 | 0.9 | 0.95} kept */
function useOperatingPoint(kept) {
    store.operatingPoint = kept;
    for (const item of store.items) if (setBackToPoint(item, kept)) store.changed(item);
    queue.wake();
    notify(t('adjust.pointDone', { kept: formatPercent(kept) }));
}

const renderWorkSoon = oncePerFrame(() => renderWorkOnce());

function renderView() {
    const any = store.items.length > 0;
    byId('start', HTMLElement).hidden = any;
    byId('work', HTMLElement).hidden = !any;
    byId('bar-add', HTMLButtonElement).hidden = !any;
    byId('skip', HTMLElement).hidden = !any;
    // Not at once: the first image goes to its worker before.
    if (any) renderWorkSoon();
    // Not seen where a sample comes first.
    else if (!document.documentElement.classList.contains('sample-first')) showPicture();
}

/** Requests the start view's picture, which index.html names, once it is seen. */
function showPicture() {
    for (const node of document.querySelectorAll('.fan-picture[data-href]')) {
        node.setAttribute('href', node.getAttribute('data-href') ?? '');
        node.removeAttribute('data-href');
    }
}

/** The note over the viewer: why there is no image, or that it is being opened. */
function renderNote() {
    const { item, picture } = session;
    const note = byId('viewer-note', HTMLElement);
    const missing = item?.state === 'missing' ? t('session.missing', { name: item.name }) : '';
    const problem = item?.problem ?? item?.frameProblems.get(item.frame);
    const text = problem ? t(problem.key, { detail: problem.detail }) : missing || (item && !picture ? t('viewer.opening') : '');
    note.hidden = text === '';
    byId('work', HTMLElement).classList.toggle('work-failed', item?.state === 'failed' || item?.state === 'missing');
    note.dataset['kind'] = problem ? 'problem' : 'plain';
    const paragraph = document.createElement('p');
    paragraph.textContent = text;
    note.replaceChildren(paragraph);
    canvas.setAttribute('aria-label', item ? t('viewer.name', { name: item.name }) : '');
}

const renderComparison = afterNextFrame(() => {
    const { item } = session;
    renderCompare(byId('compare', HTMLElement), item, {
        resize: () => intake.resizeMasks(),
        invert() {
            if (item) intake.invertTruth(item);
        },
        use() {
            if (item?.truth?.read && !intake.useMask(item, item.truth.read)) notify(t('compare.size'), 'problem');
        },
        remove() {
            if (item) intake.removeTruth(item);
        },
    });
    list.renderComparison();
});

const renderNoteSoon = oncePerFrame(renderNote);
const renderPanel = afterNextFrame(() => {
    renderAnswer(byId('answer', HTMLElement), session.item, session.result);
    renderLesions(byId('lesions', HTMLElement), session, viewer);
    const { item, lesions } = session;
    const image = { x: 0, y: 0, width: viewer.image.width, height: viewer.image.height };
    const millimetres = item ? (scaleFor(item, lesions[0]?.bbox ?? image)?.millimetres ?? null) : null;
    if (millimetres !== viewer.millimetres) {
        viewer.millimetres = millimetres;
        viewer.redraw();
    }
    save.render();
});

function renderAnswers() {
    renderNoteSoon();
    renderPanel();
}

const pickFiles = preparePicker('pick-files', addFiles);

/** @type {import('./ui/shortcuts.js').Shortcut[]} */
const shortcuts = [
    { keys: 'pagedown ] j', label: 'help.previous', shown: 'Page Up · Page Down', run: () => store.selectBeside(1) },
    { keys: 'pageup [ k', label: '', shown: '', run: () => store.selectBeside(-1) },
    { keys: 'a', label: 'help.review', shown: 'A · D · U', run: () => review.decide('accepted') },
    { keys: 'd', label: '', shown: '', run: () => review.decide('rejected') },
    { keys: 'u', label: '', shown: '', run: () => review.decide('check') },
    { keys: 'shift+pagedown n', label: 'help.unreviewed', shown: 'N · Shift Page Up', run: () => review.go(1) },
    { keys: 'shift+pageup', label: '', shown: '', run: () => review.go(-1) },
    { keys: 'v', label: 'help.tools', shown: 'V · I · G · B · E · W · C · R', run: () => gestures.use('move') },
    { keys: 'i', label: '', shown: '', run: () => gestures.use('click') },
    { keys: 'x', label: 'help.outside', shown: 'X', run: () => gestures.setInside(!gestures.inside) },
    { keys: 'g', label: '', shown: '', run: () => gestures.use('polygon') },
    { keys: 'b', label: '', shown: '', run: () => gestures.use('brush') },
    { keys: 'e', label: '', shown: '', run: () => gestures.use('erase') },
    { keys: 'w', label: '', shown: '', run: () => gestures.use('window') },
    { keys: 'c', label: '', shown: '', run: () => gestures.use('scale') },
    { keys: 'r', label: '', shown: '', run: () => gestures.use('region') },
    { keys: ', <', label: 'help.brush', shown: ', · .', run: () => gestures.setBrush(gestures.brushRadius - 2) },
    { keys: '. >', label: '', shown: '', run: () => gestures.setBrush(gestures.brushRadius + 2) },
    { keys: 'ctrl+z', label: 'help.undo', shown: 'Ctrl Z · Ctrl Shift Z', run: () => gestures.undo() },
    { keys: 'ctrl+shift+z ctrl+y', label: '', shown: '', run: () => gestures.redo() },
    { keys: '+ =', label: 'help.zoom', shown: '+ · − · 0 · 1', run: () => viewer.zoom(1.25) },
    { keys: '-', label: '', shown: '', run: () => viewer.zoom(0.8) },
    { keys: '0', label: '', shown: '', run: () => viewer.fit() },
    { keys: '1', label: '', shown: '', run: () => viewer.actualSize() },
    { keys: 'h', label: 'help.overlay', shown: 'H', run: () => adjust.toggleOverlay() },
    {
        keys: 'm',
        label: 'help.heat',
        shown: 'M',
        run: () => adjust.setMap(viewer.settings.map === 'probability' ? 'none' : 'probability'),
    },
    { keys: 's', label: 'help.layout', shown: 'S', run: nextLayout },
    { keys: 'p', label: 'help.play', shown: 'P', run: () => frames.toggle() },
    { keys: 't', label: 'help.table', shown: 'T', run: () => results.open() },
    { keys: 'o', label: 'help.open', shown: 'O', run: pickFiles },
    { keys: 'ctrl+s', label: 'help.save', shown: 'Ctrl S', run: () => save.saveMask() },
    { keys: '?', label: 'help.help', shown: '?', run: () => openDialog(byId('help', HTMLDialogElement)) },
];

/** Whether more than the start view, which alone is seen before there are images, has been rendered. */
let workRendered = false;

function renderStart() {
    byId('language', HTMLButtonElement).textContent = t('header.language');
    byId('language', HTMLButtonElement).setAttribute('aria-label', t('header.languageLabel'));
    setStatus(status);
    renderHelp(shortcuts);
    renderView();
}

function renderAll() {
    renderStart();
    list.render();
    workRendered = true;
    renderWork();
}

/** Everything but the start view. The first time, browsers load the number formats of the language, which takes long. */
function renderWork() {
    toolbar.render();
    adjust.render();
    frames.render();
    scaleTool.render();
    renderAnswers();
    renderComparison();
    renderModel(engine);
    results.render();
    keep.render();
    find.render();
    review.render();
    viewer.redraw();
}

function renderWorkOnce() {
    if (workRendered) return;
    workRendered = true;
    renderWork();
}

store.addEventListener('list', renderView);
store.addEventListener('item', event => {
    const item = /** @type {CustomEvent<Item>} */ (event).detail;
    if (item === session.item) renderAnswers();
    if (engine && item.state === 'done' && item.truth && !item.truth.problem && (item === session.item || !item.truth.scores)) comparer.soon(item, engine);
    renderComparison();
    save.render();
});
comparer.addEventListener('scores', event => {
    const item = /** @type {CustomEvent<Item>} */ (event).detail;
    list.refresh(item);
    keep.touch(item); // the mask that was read is kept, too
    renderComparison();
});
session.addEventListener('picture', renderAnswers);
session.addEventListener('answer', () => {
    renderAnswers();
    renderComparison();
});
scaleTool.addEventListener('scale', () => {
    renderAnswers();
    renderComparison();
});
onLanguage(renderAll);

startDrop(addFiles);
startPaste(addFiles);
const pickFolder = preparePicker('pick-folder', addFiles);
const pickTruth = preparePicker('pick-truth', found => {
    if (session.item) intake.setTruth(session.item, found);
});

/**
 * @param {string} id
 * @param {() => void} run
 */
function click(id, run) {
    byId(id, HTMLElement).addEventListener('click', run);
}
click('engine-again', () => location.reload());
click('start-files', pickFiles);
click('start-drop', pickFiles);
for (const id of ['start-folder', 'list-folder']) byId(id, HTMLElement).hidden = !canChooseFolders;
click('start-folder', pickFolder);
click('start-sample', () => void addSamples(fetchSamples()));
click('bar-add', pickFiles);
click('list-folder', pickFolder);
click('list-table', () => results.open());
click('list-clear', () => intake.remove(store.items));
click('compare-add', pickTruth);
click('session-open', preparePicker('pick-session', addFiles));
reader.addEventListener('change', () => store.dispatchEvent(new Event('list')));
click('theme', toggleTheme);
click('language', () => chooseLanguage(currentLanguage() === 'en' ? 'ar' : 'en'));
click('open-help', () => openDialog(byId('help', HTMLDialogElement)));
click('open-model', () => {
    renderModel(engine);
    openDialog(byId('model', HTMLDialogElement));
});
for (const [id, target] of /** @type {const} */ ([['skip-image', 'canvas'], ['skip-results', 'panel']]))
    byId(id, HTMLAnchorElement).addEventListener('click', event => {
        event.preventDefault(); // the address would keep the fragment
        byId(target, HTMLElement).focus();
    });
byId('brand', HTMLAnchorElement).addEventListener('click', event => {
    event.preventDefault();
    intake.remove(store.items);
});
list.addEventListener('remove', event => intake.remove([/** @type {CustomEvent<Item>} */ (event).detail]));
for (const id of ['help', 'model', 'pairs', 'readers', 'results']) prepareDialog(byId(id, HTMLDialogElement));

function nextLayout() {
    const layouts = /** @type {const} */ (['single', 'side', 'swipe']);
    toolbar.setLayout(layouts[(layouts.indexOf(viewer.settings.layout) + 1) % layouts.length] ?? 'single');
}

/**
 * Starts what is loaded after the first answer.
 * @param {import('./engine/engine.js').Engine} loaded
 */
async function startLate(loaded) {
    const { startParts, startRegions, warmZip } = await late();
    const makeEdits = (/** @type {number} */ width, /** @type {number} */ height) => new Edits(width, height);
    const goTo = (/** @type {number} */ frame) => frames.go(frame);
    startParts({ t, formatNumber, onLanguage, notify, offer, problemOf, reasonOf, store, session, queue, opener, engine: loaded, makeEdits, settle, goTo, addFiles });
    gestures.region = startRegions({ session, store, viewer, gestures, language: currentLanguage, onLanguage, announce, notify, offer });
    viewer.regions = gestures.region;
    viewer.redraw();
    toolbar.render();
    await warmZip();
}

startShortcuts(shortcuts);
keepFocus(() => (store.items.length > 0 ? canvas : byId('start-sample', HTMLButtonElement)));
moveInside(byId('list', HTMLElement), '.row-main, .row .tool', '.row[aria-current] .row-main');
renderStart();
queue.start(loading);
session.start(loading);
const addingSamples = samplesAtStart ? addSamples(samplesAtStart) : null;

try {
    await loading.ready;
    const loaded = loading;
    engine = loaded;
    setStatus({ state: 'ready', text: () => t(loaded.weights.verified ? 'engine.readyVerified' : 'engine.ready') });
    toolbar.render();
    save.start(loaded);
    await keep.restore(saved => intake.show(saved, loaded.weights.sha256));
    // The first answer comes before the page fetches what it may need later.
    await addingSamples;
    await queue.firstAnswer();
    await queue.warmUp();
    await queue.firstAnswer();
    await nextFrame(); // which draws the answer
    renderWorkOnce();
    await Promise.all([comparer.start(), warmEngine(loaded), startLate(loaded).catch(() => undefined), fetchModelCard()]);
    await registerOffline();
    // For tests and scripts: after this the page requests nothing more.
    document.documentElement.dataset['loaded'] = 'all';
} catch (error) {
    const problem = problemOf(error);
    setStatus({ state: 'failed', text: () => t(problem.key, { detail: problem.detail }) });
    announce(status.text());
    queue.giveUp(problem);
    renderWorkOnce();
}
