import { el, json, request, header, say } from './common.js';
import { Chart, number } from './chart.js';

header('/runs');

const POLL = 2000;
const state = { runs: [], current: null, entries: [], charts: new Map(), last: -1, timer: null };
const list = el('ul', { class: 'runs' });
const status = el('p', { class: 'message-line', role: 'status', 'aria-live': 'polite' });
const title = el('h2', {}, 'Choose a run');
const facts = el('p', { class: 'message-line' });
const controls = el('div', { class: 'row' });
const notices = el('div', { 'aria-live': 'polite' });
const charts = el('div', { class: 'charts' });
const samples = el('div', {});
document.getElementById('main').append(el('div', { class: 'sheet' }, el('h1', {}, 'Training'), status,
  el('div', { class: 'dashboard' }, el('nav', { 'aria-label': 'Runs and jobs' }, list), el('section', { 'aria-label': 'The run' }, title, facts, controls, notices, charts, samples))));

tick();
document.addEventListener('visibilitychange', () => { if (!document.hidden) tick(); });

async function tick() {
  clearTimeout(state.timer);
  // A hidden page asks for nothing.
  if (document.hidden) return;
  try {
    state.runs = (await json('/api/runs')).data;
    drawList();
    const wanted = decodeURIComponent(location.hash.slice(1));
    if (!state.current && state.runs.length) await choose(state.runs.find(run => run.id === wanted) ?? state.runs[0]);
    else if (state.current) { state.current = state.runs.find(run => run.id === state.current.id) ?? state.current; await more(); }
    say(status, state.runs.length ? '' : 'No runs yet. Start the server with --runs DIR to follow the runs in a folder, or create a fine-tuning job.');
  } catch (error) { say(status, error.message, true); }
  state.timer = setTimeout(tick, POLL);
}

function drawList() {
  // Redrawn only when something changed, so that the keyboard's place is kept.
  const text = JSON.stringify(state.runs.map(run => [run.id, run.state, run.step, run.id === state.current?.id]));
  if (text === list.dataset.drawn) return;
  const focused = document.activeElement?.dataset?.id;
  list.dataset.drawn = text;
  list.replaceChildren(...state.runs.map(run => el('li', {}, el('button', { type: 'button', 'data-id': run.id, 'aria-current': run.id === state.current?.id ? 'true' : null, onclick: () => choose(run) },
    el('div', {}, run.name), el('span', { class: 'badge ' + run.state }, run.state), ` ${run.algorithm} · step ${number(run.step)}${run.steps ? ' of ' + number(run.steps) : ''}`))));
  if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

async function choose(run) {
  Object.assign(state, { current: run, entries: [], last: -1, charts: new Map() });
  history.replaceState(null, '', '#' + encodeURIComponent(run.id));
  charts.replaceChildren(); samples.replaceChildren(); notices.replaceChildren(); controls.replaceChildren();
  drawList();
  await more();
}

async function more() {
  const run = state.current;
  const page = await json(`/api/runs/${encodeURIComponent(run.id)}/metrics?after=${state.last}`);
  if (run.id !== state.current.id) return;
  // A run that was resumed writes its last steps again.
  if (page.entries.length) {
    state.entries = state.entries.filter(entry => entry.step < page.entries[0].step).concat(page.entries);
    state.last = page.entries.at(-1).step;
  }
  title.textContent = run.name;
  facts.textContent = `${run.algorithm} · ${run.state} · step ${number(run.step)}${run.steps ? ' of ' + number(run.steps) : ''}${run.updated ? ' · last written ' + new Date(run.updated).toLocaleTimeString() : ''}`;
  drawControls(run);
  if (page.entries.length) drawCurves();
}

function drawCurves() {
  const names = [];
  for (const entry of state.entries) for (const name of Object.keys(entry.values)) if (name !== 'seconds' && !names.includes(name)) names.push(name);
  names.forEach((name, index) => {
    let chart = state.charts.get(name);
    if (!chart) { chart = new Chart(words(name), index); state.charts.set(name, chart); charts.append(chart.figure); }
    chart.set(state.entries.filter(entry => name in entry.values).map(entry => ({ x: entry.step, y: entry.values[name] ?? NaN })));
  });
  const texts = state.entries.flatMap(entry => Object.entries(entry.texts).map(([name, text]) => ({ step: entry.step, name, text })));
  const isNotice = text => /notice|warning|health/i.test(text.name);
  notices.replaceChildren(...texts.filter(isNotice).slice(-8).reverse().map(text => el('div', { class: 'notice' }, `Step ${number(text.step)}: ${text.text}`)));
  samples.replaceChildren(...(texts.some(text => !isNotice(text)) ? [el('h2', {}, 'Samples')] : []), ...texts.filter(text => !isNotice(text)).slice(-6).reverse().map(text => el('div', {}, el('p', { class: 'message-line' }, `${words(text.name)}, step ${number(text.step)}`), el('pre', {}, text.text))));
}

function drawControls(run) {
  if (!run.job) { controls.replaceChildren(); return; }
  const act = (name, action) => el('button', { type: 'button', onclick: async () => { try { await request(`/v1/fine_tuning/jobs/${run.job}/${action}`, { method: 'POST' }); tick(); } catch (error) { say(status, error.message, true); } } }, name);
  controls.replaceChildren(...(run.state === 'running' ? [act('Pause', 'pause')] : run.state === 'stopped' ? [act('Resume', 'resume')] : []), ...(run.state === 'finished' ? [] : [act('Cancel', 'cancel')]));
}

function words(name) { const text = name.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll(/[_.]/g, ' ').toLowerCase(); return text[0].toUpperCase() + text.slice(1); }
