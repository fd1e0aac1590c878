import { el, store, json, request, header, say, download, models } from './common.js';
import { markdown } from './markdown.js';

header('/rank');

const state = { pair: null, queue: [], controller: null, seen: false };
const main = document.getElementById('main');
const first = el('select', { name: 'first' });
const second = el('select', { name: 'second' });
const temperature = el('input', { type: 'number', min: 0, max: 2, step: 0.05, value: store.get('rank.temperature', 0.9) });
const system = el('input', { type: 'text', placeholder: 'none', value: store.get('rank.system', '') });
const prompt = el('textarea', { rows: 3, required: true, placeholder: 'What should both answer?' });
const file = el('input', { type: 'file', accept: '.txt,.jsonl,.json' });
const status = el('p', { class: 'message-line', role: 'status', 'aria-live': 'polite' });
const answers = el('div', { class: 'pair', hidden: true });
const left = el('div', { class: 'body' });
const right = el('div', { class: 'body' });
const revealed = el('p', { class: 'message-line' });
const buttons = [
  ['a', '1', 'The left is better'], ['b', '2', 'The right is better'], ['both', '3', 'Equally good'], ['neither', '4', 'Both are bad'],
].map(([choice, key, name]) => el('button', { type: 'button', 'data-choice': choice, disabled: true, onclick: () => label(choice) }, name + ' ', el('kbd', {}, key)));
const next = el('button', { type: 'button', disabled: true, onclick: takeNext }, 'Next prompt ', el('kbd', {}, 'n'));
const summary = el('div', {});

answers.append(el('div', { class: 'card', 'aria-label': 'Left answer', role: 'region' }, left), el('div', { class: 'card', 'aria-label': 'Right answer', role: 'region' }, right));
main.append(el('div', { class: 'sheet' },
  el('h1', {}, 'Which answer is better?'),
  el('p', {}, 'Two answers to the same prompt, in an order drawn by lot, their models hidden until you have chosen. Your choices become comparisons that a reward model learns from.'),
  el('form', { onsubmit: event => { event.preventDefault(); ask(); } },
    el('div', { class: 'row' },
      el('label', { class: 'grow' }, 'First model', first), el('label', { class: 'grow' }, 'Second model', second),
      el('label', {}, 'Temperature', temperature)),
    el('label', {}, 'System text', system),
    el('label', {}, 'Prompt', prompt),
    el('div', { class: 'row' },
      el('button', { class: 'primary' }, 'Get two answers'),
      el('label', {}, 'Prompts from a file (a line each, or JSONL with "prompt")', file))),
  status, answers, el('div', { class: 'choices' }, ...buttons, next), revealed, el('h2', {}, 'So far'), summary));

file.addEventListener('change', async () => {
  if (!file.files[0]) return;
  const lines = (await file.files[0].text()).split(/\r?\n/).filter(line => line.trim());
  const prompts = lines.map(line => { try { const row = JSON.parse(line); return typeof row === 'string' ? row : typeof row.prompt === 'string' ? row.prompt : row.instruction; } catch { return line; } });
  state.queue = prompts.filter(text => typeof text === 'string' && text.trim());
  say(status, state.queue.length ? `${state.queue.length} prompts are waiting.` : 'The file holds no prompts.', !state.queue.length);
  if (state.queue.length) takeNext();
});

document.addEventListener('keydown', event => {
  if (event.target.matches('input, textarea, select') || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.key === 'n' && !next.disabled) takeNext();
  const button = buttons['1234'.indexOf(event.key)];
  if (event.key >= '1' && event.key <= '4' && !button.disabled) button.click();
});

start();

async function start() {
  try {
    const names = await models();
    for (const choice of [first, second]) choice.replaceChildren(...names.map(name => el('option', { value: name }, name)));
    first.value = names.includes(store.get('rank.first')) ? store.get('rank.first') : names[0];
    second.value = names.includes(store.get('rank.second')) ? store.get('rank.second') : names[1] ?? names[0];
    await showSummary();
  } catch (error) { say(status, error.message, true); }
}

function takeNext() {
  if (state.queue.length === 0) { next.disabled = true; say(status, 'No more prompts are waiting; write one.'); prompt.focus(); return; }
  prompt.value = state.queue.shift();
  ask();
}

async function ask() {
  if (!prompt.value.trim()) return;
  state.controller?.abort();
  const controller = state.controller = new AbortController();
  store.set('rank.first', first.value); store.set('rank.second', second.value); store.set('rank.temperature', temperature.value); store.set('rank.system', system.value);
  const messages = [...(system.value.trim() ? [{ role: 'system', content: system.value }] : []), { role: 'user', content: prompt.value }];
  enable(false);
  revealed.textContent = '';
  answers.hidden = true;
  say(status, 'Both are answering …');
  try {
    const one = model => json('/v1/chat/completions', { method: 'POST', signal: controller.signal, json: { model, messages, temperature: Number(temperature.value), seed: crypto.getRandomValues(new Uint32Array(1))[0] } });
    const [x, y] = await Promise.all([one(first.value), one(second.value)]);
    const both = [{ model: first.value, text: x.choices[0].message.content ?? '' }, { model: second.value, text: y.choices[0].message.content ?? '' }];
    if (crypto.getRandomValues(new Uint8Array(1))[0] & 1) both.reverse();
    state.pair = { messages, a: both[0], b: both[1] };
    left.replaceChildren(markdown(both[0].text)); right.replaceChildren(markdown(both[1].text));
    answers.hidden = false;
    const same = both[0].text === both[1].text;
    say(status, same ? 'Both answers are the same; ask again at a higher temperature.' : 'Choose with a click or the keys 1 to 4.');
    if (!same) { enable(true); buttons[0].focus({ preventScroll: true }); }
  } catch (error) { if (error.name !== 'AbortError') say(status, error.message, true); }
}

function enable(on) { for (const button of buttons) button.disabled = !on; next.disabled = !on && state.queue.length === 0; }

async function label(choice) {
  const { messages, a, b } = state.pair;
  enable(false);
  try {
    await request('/api/labels', { method: 'POST', json: { messages, model_a: a.model, model_b: b.model, answer_a: a.text, answer_b: b.text, choice } });
    revealed.textContent = `Left was ${a.model}, right was ${b.model}.`;
    say(status, 'Kept.');
    next.disabled = state.queue.length === 0;
    await showSummary();
    (state.queue.length ? next : prompt).focus();
  } catch (error) { say(status, error.message, true); enable(true); }
}

async function showSummary() {
  const { count, models: rows } = await json('/api/labels/summary');
  summary.replaceChildren(
    el('p', {}, count === 0 ? 'Nothing has been compared yet.' : `${count} comparisons are kept. `, count === 0 ? null : el('button', { type: 'button', onclick: save }, 'Download as preference data')),
    rows.length === 0 ? '' : el('div', { class: 'scroll' }, el('table', {},
      el('thead', {}, el('tr', {}, el('th', {}, 'Model'), ...['Won', 'Lost', 'Tied', 'Share won', '95% interval'].map(name => el('th', { class: 'number' }, name)))),
      el('tbody', {}, ...rows.map(row => el('tr', {}, el('td', {}, row.model), ...[row.won, row.lost, row.tied, share(row.share), `${share(row.low)} to ${share(row.high)}`].map(value => el('td', { class: 'number' }, String(value)))))))));
}

function share(value) { return value === null ? '–' : (100 * value).toFixed(0) + '%'; }

async function save() {
  try { download('comparisons.jsonl', await (await request('/api/labels.jsonl')).text(), 'application/jsonl'); } catch (error) { say(status, error.message, true); }
}
