/** The window with the live picture: source, outlines, rate and delay, freezing into the list, recording of answers. */
import { contoursOf } from '../state/masks.js';
import { element, openDialog, saveFile } from '../ui/dom.js';
import { FILL, OUTLINE, OUTLINE_UNDER } from '../view/colours.js';
import { pathOf } from '../view/layers.js';
import { LiveLoop } from './live-loop.js';
import { Meter } from './meter.js';
import { cameras, LiveError, openStream } from './stream.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Segmentation} Segmentation
 * @typedef {import('../ui/late.js').Page} Page
 * @typedef {import('../i18n/i18n.js').Key} Key
 */

const WORDS_EVERY = 500; // milliseconds: faster changing words cannot be read
const MOST_RECORDED = 100000; // answers, about an hour
const FILL_OPACITY = 0.25;

export class LiveDialog {
    #page;
    #meter = new Meter();
    /** @type {MediaStream | null} */
    #stream = null;
    /** Incremented when a source is asked for or ended; what the browser gives for an earlier one is dropped. */
    #turn = 0;
    /** Answers that are recorded; null: none are. @type {object[] | null} */
    #recorded = null;
    #lastWords = 0;
    #size = '';
    #video = element('video', { muted: true, playsInline: true, autoplay: true, id: 'live-video' });
    #canvas = element('canvas', { id: 'live-canvas', role: 'img' });
    #note = element('p', { class: 'live-note', id: 'live-note', role: 'status' });
    #answer = element('p', { class: 'live-answer', id: 'live-answer' });
    #facts = element('p', { class: 'live-facts', id: 'live-facts' });
    #title = element('h2', { id: 'live-title' });
    #lead = element('p', { class: 'help' });
    #deviceLabel = element('label', { htmlFor: 'live-device' });
    #device = element('select', { id: 'live-device', onchange: () => void this.#open('camera', this.#device.value) });
    #devicePart = element('div', { class: 'loop-row', hidden: true }, this.#deviceLabel, this.#device);
    #camera = button('live-camera', () => void this.#open('camera'));
    #screen = button('live-screen', () => void this.#open('screen'));
    #freeze = button('live-freeze', () => void this.#freezeFrame());
    #region = button('live-region', () => this.#loop.findRegion());
    #record = button('live-record', () => this.#toggleRecord());
    #stop = button('live-stop', () => this.#end(null));
    #close = button('live-close', () => this.#dialog.close());
    #dialog = element(
        'dialog',
        { class: 'dialog live', id: 'live', 'aria-labelledby': 'live-title', onclose: () => this.#end(null) },
        element(
            'div', { class: 'live-inside' },
            this.#title, this.#lead,
            element('div', { class: 'loop-row' }, this.#camera, this.#screen, this.#devicePart),
            element('div', { class: 'live-stage' }, this.#video, this.#canvas, this.#note),
            this.#answer, this.#facts,
            element('div', { class: 'loop-row' }, this.#freeze, this.#region, this.#record, this.#stop, this.#close),
        ),
    );
    #loop = new LiveLoop(this.#video, {
        segment: (image, regions) => this.#page.engine.pool.segment(image, { regions, operatingPoint: this.#page.store.operatingPoint, map: false }),
        onAnswer: (answer, taken) => this.#show(answer, taken),
        onProblem: error => {
            const { key, detail } = this.#page.problemOf(error);
            this.#end({ key, detail });
        },
    });

    /** @param {Page} page */
    constructor(page) {
        this.#page = page;
        document.body.append(this.#dialog);
        this.#video.addEventListener('resize', () => this.#resized());
        document.addEventListener('visibilitychange', () => this.#pauseOrGoOn());
        this.render();
    }

    open() {
        this.render();
        openDialog(this.#dialog);
    }

    /** Writes the texts of the current language. */
    render() {
        const { t } = this.#page;
        this.#title.textContent = t('live.title');
        this.#lead.textContent = t('live.lead');
        this.#camera.textContent = t('live.camera');
        this.#screen.textContent = t('live.screen');
        this.#deviceLabel.textContent = t('live.device');
        this.#freeze.textContent = t('live.freeze');
        this.#region.textContent = t('live.region');
        this.#stop.textContent = t('live.stop');
        this.#close.textContent = t('live.close');
        this.#canvas.setAttribute('aria-label', t('live.picture'));
        this.#renderState();
    }

    #renderState() {
        const { t } = this.#page;
        const runs = this.#stream !== null;
        for (const control of [this.#freeze, this.#region, this.#record, this.#stop]) control.disabled = !runs;
        this.#video.hidden = !runs;
        this.#canvas.hidden = !runs;
        this.#record.setAttribute('aria-pressed', String(this.#recorded !== null));
        this.#record.textContent = this.#recorded ? t('live.recordStop', { count: this.#recorded.length }) : t('live.record');
    }

    /**
     * @param {Key | null} key null: no note
     * @param {Record<string, string>} [values]
     * @param {'plain' | 'problem'} [kind]
     */
    #say(key, values = {}, kind = 'plain') {
        this.#note.textContent = key ? this.#page.t(key, values) : '';
        this.#note.hidden = key === null;
        this.#note.dataset['kind'] = kind;
    }

    /**
     * @param {import('./stream.js').Kind} kind
     * @param {string} [device]
     */
    async #open(kind, device) {
        this.#end(null);
        const turn = this.#turn;
        this.#say('live.starting');
        try {
            const stream = await openStream(kind, device);
            const [track] = stream.getVideoTracks();
            // Closed, or another source was chosen, while the browser asked for permission.
            if (turn !== this.#turn || !track) {
                for (const each of stream.getTracks()) each.stop();
                return;
            }
            this.#stream = stream;
            track.addEventListener('ended', () => {
                if (this.#stream === stream) this.#end({ key: kind === 'camera' ? 'live.unplugged' : 'live.shareStopped', detail: '' });
            });
            this.#video.srcObject = stream;
            await this.#video.play();
            if (turn !== this.#turn) return;
            this.#meter.clear();
            this.#renderState();
            this.#say(null);
            this.#pauseOrGoOn();
            if (kind === 'camera') await this.#listCameras(track.getSettings().deviceId ?? '');
        } catch (error) {
            if (turn !== this.#turn) return;
            const { key, detail } = error instanceof LiveError ? error : { key: /** @type {Key} */ ('live.failed'), detail: String(error) };
            this.#end({ key, detail });
        }
    }

    /** @param {string} current */
    async #listCameras(current) {
        const { t } = this.#page;
        const found = await cameras();
        this.#devicePart.hidden = found.length < 2;
        this.#device.replaceChildren(...found.map(({ id, label }, index) =>
            element('option', { value: id, selected: id === current }, label || t('live.deviceNumber', { number: index + 1 }))));
    }

    /** @param {{ key: Key, detail: string } | null} problem why it ended; null: the user ended it */
    #end(problem) {
        this.#turn++;
        this.#loop.stop();
        const stream = this.#stream;
        this.#stream = null;
        for (const track of stream?.getTracks() ?? []) track.stop();
        this.#video.srcObject = null;
        this.#size = '';
        this.#meter.clear();
        this.#loop.findRegion();
        if (this.#recorded) this.#saveRecord();
        this.#answer.textContent = '';
        this.#facts.textContent = '';
        this.#canvas.getContext('2d')?.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
        if (problem) this.#say(problem.key, { detail: problem.detail }, 'problem');
        else this.#say(null);
        this.#renderState();
    }

    /** While the page is hidden nobody sees the outlines, and nothing is computed. */
    #pauseOrGoOn() {
        if (!this.#stream) return;
        if (document.hidden) {
            this.#loop.stop();
            this.#video.pause();
            this.#say('live.paused');
        } else {
            this.#meter.clear();
            void this.#video.play().catch(() => undefined);
            this.#say(null);
            this.#loop.start();
        }
    }

    #resized() {
        const { videoWidth: width, videoHeight: height } = this.#video;
        if (!this.#stream || width === 0) return;
        const size = `${width} ${height}`;
        if (this.#size && this.#size !== size) {
            this.#loop.findRegion();
            this.#page.notify(this.#page.t('live.resized', { width, height }));
        }
        this.#size = size;
    }

    /**
     * @param {Segmentation} answer
     * @param {number} taken
     */
    #show(answer, taken) {
        const { width, height, mask } = answer;
        const { engine } = this.#page;
        if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
        const context = this.#canvas.getContext('2d');
        if (!context) return;
        context.clearRect(0, 0, width, height);
        if (answer.lesions.length > 0) {
            const outline = pathOf(contoursOf(engine, mask, width, height));
            context.fillStyle = `rgb(${FILL.join(' ')} / ${FILL_OPACITY})`;
            context.fill(outline, 'evenodd'); // holes stay free
            const line = Math.max(1, Math.round(Math.max(width, height) / 400));
            for (const [colour, across] of /** @type {[string, number][]} */ ([[OUTLINE_UNDER, line * 2], [OUTLINE, line]])) {
                context.strokeStyle = colour;
                context.lineWidth = across;
                context.stroke(outline);
            }
        }
        const now = performance.now();
        this.#meter.add(now, taken);
        this.#keep(answer, now - taken);
        if (now - this.#lastWords < WORDS_EVERY) return;
        this.#lastWords = now;
        this.#words(answer);
    }

    /** @param {Segmentation} answer */
    #words({ width, lesions, looksLikeUltrasound }) {
        const { t, formatNumber } = this.#page;
        // A large picture was segmented at a smaller size; the area is told in the pixels that a frozen frame has.
        const scale = this.#video.videoWidth / width;
        const largest = Math.round(Math.max(0, ...lesions.map(({ area }) => area)) * scale * scale);
        const words = lesions.length > 0 ? t('live.lesions', { count: lesions.length, area: t('unit.px2', { value: formatNumber(largest) }) }) : t('live.none');
        this.#answer.textContent = looksLikeUltrasound ? words : `${words}. ${t('live.foreign')}`;
        const { rate, delay } = this.#meter.now;
        this.#facts.textContent = t('live.rate', { rate: formatNumber(rate, 1), delay: formatNumber(Math.round(delay)) });
        if (this.#recorded) this.#renderState();
    }

    /**
     * @param {Segmentation} answer
     * @param {number} delay
     */
    #keep({ width, height, type, probabilities, presence, looksLikeUltrasound, regions, lesions }, delay) {
        if (!this.#recorded || this.#recorded.length >= MOST_RECORDED) return;
        const rounded = (/** @type {number} */ value) => Number(value.toFixed(4));
        this.#recorded.push({
            time: new Date().toISOString(), delay_ms: Math.round(delay), width, height, type,
            probabilities: Object.fromEntries(Object.entries(probabilities).map(([name, value]) => [name, rounded(value)])),
            presence: rounded(presence), looks_like_ultrasound: looksLikeUltrasound,
            regions: regions.map(({ x, y, width: across, height: down }) => ({ x, y, width: across, height: down })),
            lesions: lesions.map(({ area, bbox, longAxis, shortAxis, presence: likely }) => ({
                area_px: area, bbox, long_axis_px: rounded(longAxis), short_axis_px: rounded(shortAxis), presence: rounded(likely),
            })),
        });
    }

    #toggleRecord() {
        if (this.#recorded) this.#saveRecord();
        else this.#recorded = [];
        this.#renderState();
    }

    /** Saves the recorded answers as JSON Lines. */
    #saveRecord() {
        const lines = (this.#recorded ?? []).map(answer => `${JSON.stringify(answer)}\n`);
        this.#recorded = null;
        if (lines.length > 0) saveFile(new Blob(lines, { type: 'application/x-ndjson' }), `${stampedName()}.jsonl`);
    }

    async #freezeFrame() {
        const { videoWidth, videoHeight } = this.#video;
        if (videoWidth === 0) return;
        const canvas = new OffscreenCanvas(videoWidth, videoHeight);
        canvas.getContext('2d')?.drawImage(this.#video, 0, 0);
        const file = new File([await canvas.convertToBlob({ type: 'image/png' })], `${stampedName()}.png`, { type: 'image/png' });
        this.#page.addFiles([{ file, path: file.name, onlyHere: true }]);
        this.#page.notify(this.#page.t('live.frozen', { name: file.name }));
    }
}

/** @returns {string} with the time, as frames of one live picture need different names */
function stampedName() {
    return `live-${new Date().toISOString().slice(0, 23).replaceAll(/[-:.]/g, '').replace('T', '-')}`;
}

/**
 * @param {string} id
 * @param {() => void} run
 */
function button(id, run) {
    return element('button', { type: 'button', class: 'button button-small', id, onclick: run });
}
