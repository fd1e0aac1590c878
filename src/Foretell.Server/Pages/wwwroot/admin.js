import { el, json, request, header, say, download } from './common.js';
import { number } from './chart.js';

header('/admin');

const status = el('p', { class: 'message-line', role: 'status', 'aria-live': 'polite' });
const keys = el('tbody', {});
const usage = el('tbody', {});
const modelRows = el('tbody', {});
const audit = el('tbody', {});
const fresh = el('div', { 'aria-live': 'polite' });
const name = el('input', { type: 'text', required: true, maxlength: 100 });
const expires = el('input', { type: 'date' });
const requests = el('input', { type: 'number', min: 1, placeholder: 'none' });
const tokens = el('input', { type: 'number', min: 1, placeholder: 'none' });
const scopes = ['inference', 'files', 'fine-tuning', 'metrics', 'admin'].map(scope => el('input', { type: 'checkbox', value: scope, checked: scope === 'inference' || null }));

const table = (heads, body) => el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, ...heads.map(head => el('th', head.startsWith('#') ? { class: 'number' } : {}, head.replace('#', ''))))), body));

document.getElementById('main').append(el('div', { class: 'sheet' },
  el('h1', {}, 'Admin'), status,
  el('h2', {}, 'Models'), table(['Model', 'State', '#Context', '#Running', '#Waiting', '#Tokens written', ''], modelRows),
  el('h2', {}, 'API keys'), table(['Name', 'Begins with', 'Scopes', 'Created', 'Expires', 'Limits a minute', ''], keys), fresh,
  el('form', { class: 'card', onsubmit: event => { event.preventDefault(); create(); } },
    el('h2', { style: null }, 'New key'),
    el('div', { class: 'row' }, el('label', { class: 'grow' }, 'Name', name), el('label', {}, 'Expires', expires), el('label', {}, 'Requests a minute', requests), el('label', {}, 'Tokens a minute', tokens)),
    el('div', { class: 'row', role: 'group', 'aria-label': 'Scopes' }, ...scopes.map(box => el('label', { class: 'check' }, box, box.value))),
    el('p', {}, el('button', { class: 'primary' }, 'Make the key'))),
  el('h2', {}, 'Usage'),
  el('p', {}, el('button', { type: 'button', onclick: csv }, 'Download as CSV')),
  table(['Key', 'Model', 'Endpoint', '#Requests', '#Prompt tokens', '#Completion tokens'], usage),
  el('h2', {}, 'What was done'), table(['When', 'Who', 'What', 'On'], audit)));

show();

async function show() {
  for (const part of [showModels, showKeys, showUsage, showAudit]) {
    try { await part(); } catch (error) { say(status, error.message, true); }
  }
}

async function showModels() {
  const { data } = await json('/admin/api/models');
  const count = value => el('td', { class: 'number' }, value === undefined ? '' : number(value));
  modelRows.replaceChildren(...data.map(model => el('tr', {}, el('td', {}, model.id), el('td', {}, model.loaded ? 'loaded' : 'on the disk'), count(model.context), count(model.running), count(model.waiting), count(model.generated_tokens),
    el('td', {}, model.id.startsWith('ft:') ? el('button', { type: 'button', class: 'danger', onclick: () => remove(model.id) }, 'Delete') : ''))));
}

async function remove(id) {
  if (!confirm(`Delete ${id}? Its weights are removed.`)) return;
  try { await request('/v1/models/' + encodeURIComponent(id), { method: 'DELETE' }); await showModels(); } catch (error) { say(status, error.message, true); }
}

async function showKeys() {
  const { data } = await json('/admin/api/keys');
  const date = seconds => seconds ? new Date(seconds * 1000).toLocaleDateString() : 'never';
  keys.replaceChildren(...data.map(key => el('tr', {}, el('td', {}, key.name), el('td', {}, el('code', {}, key.prefix + '…')), el('td', {}, key.scopes.join(', ')), el('td', {}, date(key.created_at)), el('td', {}, key.revoked_at ? 'revoked ' + date(key.revoked_at) : date(key.expires_at)),
    el('td', {}, [key.requests_per_minute && number(key.requests_per_minute) + ' requests', key.tokens_per_minute && number(key.tokens_per_minute) + ' tokens'].filter(Boolean).join(', ') || 'none'),
    el('td', {}, key.revoked_at ? '' : el('button', { type: 'button', class: 'danger', onclick: () => revoke(key) }, 'Revoke')))));
  if (data.length === 0) keys.append(el('tr', {}, el('td', { colspan: 7 }, 'There are no keys: on loopback the server is open to everyone on this machine.')));
}

async function create() {
  const body = { name: name.value, scopes: scopes.filter(box => box.checked).map(box => box.value) };
  if (expires.value) body.expires_at = Math.floor(new Date(expires.value + 'T23:59:59').getTime() / 1000);
  if (requests.value) body.requests_per_minute = Number(requests.value);
  if (tokens.value) body.tokens_per_minute = Number(tokens.value);
  try {
    const made = await json('/admin/api/keys', { method: 'POST', json: body });
    fresh.replaceChildren(el('div', { class: 'notice' }, 'The key, shown this once: ', el('code', {}, made.key), ' ', el('button', { type: 'button', onclick: () => navigator.clipboard.writeText(made.key) }, 'Copy')));
    name.value = '';
    await showKeys();
  } catch (error) { say(status, error.message, true); }
}

async function revoke(key) {
  if (!confirm(`Revoke the key "${key.name}"? Programs that use it stop working at once.`)) return;
  try { await request('/admin/api/keys/' + encodeURIComponent(key.id), { method: 'DELETE' }); await showKeys(); } catch (error) { say(status, error.message, true); }
}

async function showUsage() {
  const { data } = await json('/admin/api/usage');
  usage.replaceChildren(...data.map(row => el('tr', {}, el('td', {}, row.key_name ?? row.key ?? '–'), el('td', {}, row.model), el('td', {}, row.endpoint), ...[row.requests, row.prompt_tokens, row.completion_tokens].map(value => el('td', { class: 'number' }, number(value))))));
  if (data.length === 0) usage.append(el('tr', {}, el('td', { colspan: 6 }, 'Nothing has been asked yet.')));
}

async function showAudit() {
  const { data } = await json('/admin/api/audit?limit=50');
  audit.replaceChildren(...data.map(entry => el('tr', {}, el('td', {}, new Date(entry.time * 1000).toLocaleString()), el('td', {}, entry.actor), el('td', {}, entry.action), el('td', {}, entry.subject))));
}

async function csv() {
  try { download('usage.csv', await (await request('/admin/api/usage.csv')).text(), 'text/csv'); } catch (error) { say(status, error.message, true); }
}
