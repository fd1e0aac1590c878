import { el, store, request, header, say, download, models, events } from './common.js';
import { markdown } from './markdown.js';
import { Conversation } from './conversation.js';

header('/');

const sampling = [
  ['temperature', 'Temperature', { type: 'number', min: 0, max: 2, step: 0.05 }],
  ['top_p', 'Top-p', { type: 'number', min: 0.01, max: 1, step: 0.01 }],
  ['max_completion_tokens', 'Most tokens', { type: 'number', min: 1, step: 1 }],
  ['seed', 'Seed', { type: 'number', step: 1 }],
  ['presence_penalty', 'Presence penalty', { type: 'number', min: -2, max: 2, step: 0.1 }],
  ['frequency_penalty', 'Frequency penalty', { type: 'number', min: -2, max: 2, step: 0.1 }],
];

const state = {
  conversations: store.get('conversations', []).map(saved => new Conversation(saved)),
  current: null,
  settings: store.get('settings', {}),
  probabilities: store.get('probabilities', false),
  running: null,
};

// --- The page
const sidebar = el('aside', { 'aria-label': 'Conversations' });
const modelChoice = el('select', { 'aria-label': 'Model' });
const status = el('span', { class: 'message-line', role: 'status', 'aria-live': 'polite' });
const list = el('ol', { id: 'messages' });
const scroller = el('div', { class: 'messages' }, list);
const input = el('textarea', { rows: 1, placeholder: 'Write a message', 'aria-label': 'Message', autofocus: true });
const send = el('button', { class: 'primary', type: 'submit' }, 'Send');
const stop = el('button', { type: 'button', hidden: true, onclick: () => state.running?.controller.abort() }, 'Stop');
const probabilities = el('button', { type: 'button', class: 'quiet', 'aria-pressed': String(state.probabilities), onclick: toggleProbabilities }, 'Token probabilities');
const composer = el('form', { class: 'composer', onsubmit: event => { event.preventDefault(); submit(); } }, el('div', {}, input, send, stop));
const tip = el('div', { id: 'tip', role: 'tooltip', hidden: true });

document.getElementById('main').append(el('div', { class: 'chat' }, sidebar,
  el('section', { 'aria-label': 'Conversation' },
    el('div', { class: 'bar' },
      el('button', { type: 'button', class: 'quiet only-narrow', 'aria-label': 'Conversations', onclick: () => sidebar.classList.toggle('open') }, '☰'),
      modelChoice,
      el('button', { type: 'button', class: 'quiet', onclick: openSettings }, 'Settings'),
      probabilities,
      el('button', { type: 'button', class: 'quiet', onclick: () => exportAs('md') }, 'Export text'),
      el('button', { type: 'button', class: 'quiet', onclick: () => exportAs('jsonl') }, 'Export JSONL'),
      status),
    scroller, composer)));
document.body.append(tip);

input.addEventListener('input', () => { input.style.height = 'auto'; input.style.height = input.scrollHeight + 2 + 'px'; });
input.addEventListener('keydown', event => { if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); } });
document.addEventListener('keydown', event => { if (event.key === 'Escape' && state.running && !document.querySelector('dialog[open]')) state.running.controller.abort(); });
addEventListener('storage', event => {
  // Another tab wrote: take over what it has, unless an answer is being written here.
  if (event.key === 'foretell.conversations' && !state.running) { state.conversations = store.get('conversations', []).map(saved => new Conversation(saved)); select(state.conversations.find(one => one.id === state.current.id) ?? state.conversations[0] ?? fresh()); }
});

select(state.conversations[0] ?? fresh());
start();

async function start() {
  try {
    const names = await models();
    modelChoice.replaceChildren(...names.map(name => el('option', { value: name }, name)));
    modelChoice.value = names.includes(store.get('model')) ? store.get('model') : names[0];
    modelChoice.onchange = () => store.set('model', modelChoice.value);
    say(status, names.length ? '' : 'The server has no models.', !names.length);
  } catch (error) { say(status, error.message, true); }
}

// --- Conversations
function fresh() { return new Conversation({}); }

function select(conversation) { state.current = conversation; sidebar.classList.remove('open'); draw(); drawList(); }

function save() {
  const kept = state.conversations.filter(one => one.roots.length > 0).slice(0, 200);
  if (!store.set('conversations', kept)) say(status, 'This browser has no room to keep conversations; export what you need.', true);
}

function drawList() {
  sidebar.replaceChildren(
    el('button', { type: 'button', onclick: () => { if (!busy()) { select(fresh()); input.focus(); } } }, 'New conversation'),
    el('ul', {}, ...state.conversations.map(one => el('li', { 'aria-current': one === state.current ? 'true' : null },
      el('button', { type: 'button', class: 'title', onclick: () => { if (!busy()) select(one); } }, one.title || 'Untitled'),
      el('button', { type: 'button', class: 'quiet', 'aria-label': `Delete ${one.title}`, onclick: () => remove(one) }, '×')))));
}

function remove(conversation) {
  if (busy() || !confirm(`Delete "${conversation.title}"? It cannot be brought back.`)) return;
  state.conversations = state.conversations.filter(one => one !== conversation);
  save();
  if (conversation === state.current) select(state.conversations[0] ?? fresh()); else drawList();
}

function busy() {
  if (state.running) say(status, 'An answer is being written; stop it first.');
  return Boolean(state.running);
}

function exportAs(form) {
  const name = (state.current.title || 'conversation').replace(/[^\w-]+/g, '-').slice(0, 40);
  if (form === 'md') download(name + '.md', state.current.toMarkdown(), 'text/markdown'); else download(name + '.jsonl', state.current.toJsonl(), 'application/jsonl');
}

// --- Messages
function draw() {
  const path = state.current.path();
  list.replaceChildren(...path.map((node, index) => messageItem(node, index === path.length - 1)));
  if (path.length === 0) list.append(el('li', { class: 'message-line' }, 'Write to the model. Enter sends, Shift+Enter begins a new line, Esc stops an answer.'));
  scroller.scrollTop = scroller.scrollHeight;
}

function messageItem(node) {
  const item = el('li', { class: `message ${node.role}`, 'data-id': node.id }, el('div', { class: 'who' }, node.role === 'user' ? 'You' : node.model ?? 'Assistant'));
  if (node.reasoning) item.append(reasoningBlock(node));
  item.append(el('div', { class: 'body' }));
  fill(item.querySelector('.body'), node);
  if (node.notice) item.append(el('div', { class: 'notice' }, node.notice));
  item.append(tools(node));
  return item;
}

function reasoningBlock(node) {
  return el('details', { class: 'reasoning', open: node.open || null, ontoggle: event => { node.open = event.target.open; } }, el('summary', {}, 'Reasoning'), el('div', {}, node.reasoning));
}

function fill(body, node) {
  const running = state.running?.node === node;
  body.classList.toggle('cursor', running);
  if (node.role === 'user') body.replaceChildren(node.content);
  else if (state.probabilities && node.tokens?.length) body.replaceChildren(...node.tokens.map(tokenSpan));
  else body.replaceChildren(markdown(node.content));
}

function tools(node) {
  const siblings = state.current.siblings(node.id);
  const index = siblings.indexOf(node.id);
  const bar = el('div', { class: 'tools' });
  if (siblings.length > 1) {
    const go = step => { if (busy()) return; state.current.choose(siblings[index + step]); save(); draw(); };
    bar.append(
      el('button', { type: 'button', class: 'quiet', disabled: index === 0, 'aria-label': 'Earlier branch', onclick: () => go(-1) }, '‹'),
      el('span', { class: 'count' }, `${index + 1} / ${siblings.length}`),
      el('button', { type: 'button', class: 'quiet', disabled: index === siblings.length - 1, 'aria-label': 'Later branch', onclick: () => go(1) }, '›'));
  }
  bar.append(el('button', { type: 'button', class: 'quiet', onclick: async event => { await navigator.clipboard.writeText(node.content); event.target.textContent = 'Copied'; } }, 'Copy'));
  if (node.role === 'user') bar.append(el('button', { type: 'button', class: 'quiet', onclick: () => edit(node) }, 'Edit'));
  else bar.append(el('button', { type: 'button', class: 'quiet', onclick: () => { if (!busy()) answer(node.parent); } }, 'Regenerate'));
  return bar;
}

function edit(node) {
  if (busy()) return;
  const item = list.querySelector(`[data-id="${node.id}"]`);
  const area = el('textarea', { rows: Math.min(12, node.content.split('\n').length + 1), 'aria-label': 'Edited message', style: null });
  area.value = node.content;
  const form = el('form', { class: 'card', onsubmit: event => { event.preventDefault(); if (area.value.trim()) { const made = state.current.add(node.parent, 'user', area.value); answer(made.id); } } },
    el('label', {}, 'Edit and send as a new branch', area),
    el('p', { class: 'row' }, el('button', { class: 'primary' }, 'Send'), el('button', { type: 'button', onclick: draw }, 'Cancel')));
  area.addEventListener('keydown', event => { if (event.key === 'Escape') { event.stopPropagation(); draw(); } });
  item.replaceChildren(form);
  area.focus();
}

// --- Token probabilities
function toggleProbabilities() {
  state.probabilities = !state.probabilities;
  store.set('probabilities', state.probabilities);
  probabilities.setAttribute('aria-pressed', String(state.probabilities));
  say(status, state.probabilities ? 'Answers from now on come with probabilities; the paler, the surer. Point at a token or tab to it.' : '');
  draw();
}

function tokenSpan(token) {
  const p = Math.exp(token.logprob);
  const level = p < 0.05 ? 0 : p < 0.25 ? 1 : p < 0.6 ? 2 : p < 0.9 ? 3 : 4;
  const show = event => showTip(event.target, token);
  return el('span', { class: 'token', tabindex: level < 4 ? '0' : null, 'data-level': level, onmouseenter: show, onfocus: show, onmouseleave: hideTip, onblur: hideTip }, token.token);
}

function showTip(target, token) {
  const percent = logprob => (100 * Math.exp(logprob)).toFixed(1) + '%';
  tip.replaceChildren(el('table', {}, ...[{ token: token.token, logprob: token.logprob, own: true }, ...token.top_logprobs.filter(other => other.token !== token.token)].map(other => el('tr', {}, el(other.own ? 'th' : 'td', {}, JSON.stringify(other.token)), el('td', { class: 'number' }, percent(other.logprob))))));
  tip.hidden = false;
  const place = target.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(place.left, innerWidth - tip.offsetWidth - 8)) + 'px';
  tip.style.top = (place.bottom + tip.offsetHeight + 12 > innerHeight ? place.top - tip.offsetHeight - 6 : place.bottom + 6) + 'px';
}

function hideTip() { tip.hidden = true; }

// --- Asking
function submit() {
  const text = input.value;
  if (!text.trim() || busy()) return;
  if (!modelChoice.value) { say(status, 'There is no model to answer.', true); return; }
  const path = state.current.path();
  const node = state.current.add(path.at(-1)?.id ?? null, 'user', text);
  if (!state.conversations.includes(state.current)) state.conversations.unshift(state.current);
  input.value = '';
  input.style.height = 'auto';
  answer(node.id);
}

async function answer(parent) {
  const conversation = state.current;
  const node = conversation.add(parent, 'assistant', '');
  node.model = modelChoice.value;
  const controller = new AbortController();
  state.running = { controller, node };
  save(); drawList(); draw();
  send.hidden = true; stop.hidden = false;
  say(status, '');
  const began = performance.now();
  let tokens = 0;
  let due = false;
  const refresh = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      const item = list.querySelector(`[data-id="${node.id}"]`);
      if (!item) return;
      const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
      const reasoning = item.querySelector('.reasoning > div');
      if (node.reasoning && !reasoning) item.querySelector('.body').before(reasoningBlock(node)); else if (reasoning) reasoning.textContent = node.reasoning;
      fill(item.querySelector('.body'), node);
      if (atEnd) scroller.scrollTop = scroller.scrollHeight;
    });
  };
  try {
    const body = { model: node.model, messages: conversation.before(parent), stream: true, stream_options: { include_usage: true } };
    for (const [name] of sampling) if (state.settings[name] !== undefined) body[name] = state.settings[name];
    if (state.settings.reasoning_effort) body.reasoning_effort = state.settings.reasoning_effort;
    if (state.probabilities) Object.assign(body, { logprobs: true, top_logprobs: 5 });
    const response = await request('/v1/chat/completions', { method: 'POST', json: body, signal: controller.signal });
    for await (const event of events(response)) {
      if (event.error) throw new Error(event.error.message);
      if (event.usage) tokens = event.usage.completion_tokens;
      const choice = event.choices?.[0];
      if (!choice) continue;
      if (choice.delta?.reasoning_content) node.reasoning = (node.reasoning ?? '') + choice.delta.reasoning_content;
      if (choice.delta?.content) node.content += choice.delta.content;
      for (const token of choice.logprobs?.content ?? []) (node.tokens ??= []).push(token);
      if (choice.finish_reason === 'length') node.notice = 'The answer was cut off at the limit of tokens.';
      refresh();
    }
    const seconds = (performance.now() - began) / 1000;
    say(status, tokens ? `${tokens} tokens in ${seconds.toFixed(1)} s` : '');
  } catch (error) {
    if (error.name === 'AbortError') node.notice = 'Stopped.';
    else { node.notice = error.message; say(status, error.message, true); }
  } finally {
    state.running = null;
    send.hidden = false; stop.hidden = true;
    save();
    if (state.current === conversation) draw();
    input.focus();
  }
}

// --- Settings
function openSettings() {
  const system = el('textarea', { rows: 4 });
  system.value = state.current.system;
  const fields = sampling.map(([name, label, attributes]) => {
    const field = el('input', { ...attributes, name, placeholder: "model's own" });
    if (state.settings[name] !== undefined) field.value = state.settings[name];
    return el('label', {}, label, field);
  });
  const effort = el('select', { name: 'reasoning_effort' }, ...[['', "model's own"], ['none', 'none'], ['low', 'low'], ['medium', 'medium'], ['high', 'high']].map(([value, name]) => el('option', { value }, name)));
  effort.value = state.settings.reasoning_effort ?? '';
  const form = el('form', { method: 'dialog' },
    el('h2', { id: 'settings-title' }, 'Settings'),
    el('label', {}, 'System text of this conversation', system),
    el('div', { class: 'settings' }, ...fields, el('label', {}, 'Reasoning', effort)),
    el('p', { class: 'row' }, el('button', { class: 'primary', value: 'ok' }, 'Use these'), el('button', { value: 'cancel', formnovalidate: true }, 'Cancel')));
  const dialog = el('dialog', { 'aria-labelledby': 'settings-title' }, form);
  dialog.addEventListener('close', () => {
    if (dialog.returnValue === 'ok') {
      state.current.system = system.value;
      state.settings = {};
      for (const [name] of sampling) if (form.elements[name].value !== '') state.settings[name] = Number(form.elements[name].value);
      if (effort.value) state.settings.reasoning_effort = effort.value;
      store.set('settings', state.settings);
      save();
    }
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}
