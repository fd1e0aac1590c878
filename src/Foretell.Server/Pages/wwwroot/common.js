// What every page shares: elements, the key, requests, errors in one sentence, light and dark.

/** Makes an element: el('button', { class: 'primary', onclick: f }, 'Send', child). Text is always text, never markup. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

export const store = {
  get(name, fallback) {
    try { const text = localStorage.getItem('foretell.' + name); return text === null ? fallback : JSON.parse(text); } catch { return fallback; }
  },
  set(name, value) {
    try { localStorage.setItem('foretell.' + name, JSON.stringify(value)); return true; } catch { return false; }
  },
};

export class RequestError extends Error {
  constructor(status, message, param) { super(message); this.status = status; this.param = param; }
}

/** fetch with the key; asks for one once where the server wants it; an error carries the server's own sentence. */
export async function request(path, options = {}) {
  for (let attempt = 0; ; attempt++) {
    const headers = new Headers(options.headers);
    const key = sessionStorage.getItem('foretell.key') ?? localStorage.getItem('foretell.key');
    if (key) headers.set('Authorization', 'Bearer ' + key);
    if (options.json !== undefined) headers.set('Content-Type', 'application/json');
    let response;
    try {
      response = await fetch(path, { ...options, headers, body: options.json !== undefined ? JSON.stringify(options.json) : options.body });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new RequestError(0, 'The server cannot be reached. Is it still running?');
    }
    if (response.ok) return response;
    if (response.status === 401 && attempt === 0 && await askKey()) continue;
    throw new RequestError(response.status, await sentence(response));
  }
}

export async function json(path, options) { return (await request(path, options)).json(); }

async function sentence(response) {
  const text = await response.text();
  try {
    const body = JSON.parse(text);
    const message = body.error?.message ?? body.detail ?? body.title;
    if (message) return message;
  } catch { /* Not JSON: the status has to do. */ }
  return `The server answered ${response.status}.`;
}

/** Asks for an API key. True when one was given. */
export function askKey() {
  return new Promise(resolve => {
    const input = el('input', { type: 'password', autocomplete: 'off', 'aria-label': 'API key', required: true });
    const keep = el('input', { type: 'checkbox' });
    const dialog = el('dialog', { 'aria-labelledby': 'key-title' },
      el('form', { method: 'dialog' },
        el('h2', { id: 'key-title' }, 'This server wants an API key'),
        el('p', {}, 'Whoever runs it makes one with ', el('code', {}, 'foretell keys create'), '.'),
        el('label', {}, 'Key', input),
        el('label', { class: 'check' }, keep, 'Keep it in this browser'),
        el('p', { class: 'row' }, el('button', { class: 'primary', value: 'ok' }, 'Use this key'), el('button', { value: 'cancel', formnovalidate: true }, 'Cancel'))));
    dialog.addEventListener('close', () => {
      const given = dialog.returnValue === 'ok' && input.value.trim();
      if (given) { sessionStorage.setItem('foretell.key', given); if (keep.checked) localStorage.setItem('foretell.key', given); }
      dialog.remove();
      resolve(Boolean(given));
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** The header with the pages and the theme. */
export function header(current) {
  const pages = [['/', 'Chat'], ['/rank', 'Rank'], ['/runs', 'Training'], ['/admin', 'Admin']];
  const themes = ['system', 'light', 'dark'];
  const theme = el('button', { class: 'quiet', type: 'button', onclick: () => apply(themes[(themes.indexOf(store.get('theme', 'system')) + 1) % 3]) });
  function apply(name) {
    store.set('theme', name);
    if (name === 'system') delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = name;
    theme.textContent = { system: '◐ System', light: '☀ Light', dark: '☾ Dark' }[name];
    theme.setAttribute('aria-label', `Colours: ${name}. Change`);
  }
  apply(store.get('theme', 'system'));
  document.body.prepend(
    el('a', { class: 'skip', href: '#main' }, 'Skip to content'),
    el('header', { class: 'top' },
      el('a', { class: 'brand', href: '/' }, 'Foretell'),
      el('nav', { 'aria-label': 'Pages' }, ...pages.map(([href, name]) => el('a', { href, 'aria-current': href === current ? 'page' : null }, name))),
      el('div', { class: 'right' }, theme)));
}

/** Shows a line of status, or an error. */
export function say(place, message, isError = false) {
  place.textContent = message;
  place.classList.toggle('error', isError);
}

export function download(name, text, type = 'application/json') {
  const link = el('a', { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** The models that can chat, as names. */
export async function models() { return (await json('/v1/models')).data.map(model => model.id); }

/** The data of each server-sent event, as it comes. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end; (end = text.search(/\r?\n\r?\n/)) >= 0;) {
      const event = text.slice(0, end);
      text = text.slice(end).replace(/^\r?\n\r?\n/, '');
      const data = event.split(/\r?\n/).filter(line => line.startsWith('data:')).map(line => line.slice(5).trimStart()).join('\n');
      if (data === '[DONE]') return;
      if (data) yield JSON.parse(data);
    }
  }
}
