// Markdown to elements. Nothing is ever parsed as HTML, so what a model writes cannot run.
import { el } from './common.js';

/** Blocks: headings, lists, quotes, tables, fenced code, rules, paragraphs. */
export function markdown(text) {
  const fragment = document.createDocumentFragment();
  blocks(text.replace(/\r\n?/g, '\n').split('\n'), fragment);
  return fragment;
}

function blocks(lines, into) {
  for (let i = 0; i < lines.length;) {
    const line = lines[i];
    const fence = /^(\s*)(`{3,}|~{3,})\s*([\w+#.-]*)/.exec(line);
    if (!line.trim()) { i++; continue; }
    if (fence) {
      const code = [];
      for (i++; i < lines.length && !lines[i].trim().startsWith(fence[2]); i++) code.push(lines[i].startsWith(fence[1]) ? lines[i].slice(fence[1].length) : lines[i]);
      i++;
      into.append(codeBlock(code.join('\n'), fence[3]));
      continue;
    }
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (heading) { into.append(inline(el('h' + Math.min(6, heading[1].length + 1)), heading[2])); i++; continue; }
    if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) { into.append(el('hr')); i++; continue; }
    if (/^\s*>/.test(line)) {
      const quoted = [];
      for (; i < lines.length && /^\s*>/.test(lines[i]); i++) quoted.push(lines[i].replace(/^\s*>\s?/, ''));
      const quote = el('blockquote'); blocks(quoted, quote); into.append(quote);
      continue;
    }
    if (listItem(line)) { i = list(lines, i, into); continue; }
    if (line.includes('|') && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[i + 1] ?? '')) { i = table(lines, i, into); continue; }
    const paragraph = [];
    for (; i < lines.length && lines[i].trim() && !/^(\s*(`{3,}|~{3,})|#{1,6}\s|\s*>)/.test(lines[i]) && !(paragraph.length && listItem(lines[i])); i++) paragraph.push(lines[i].trim());
    into.append(inline(el('p'), paragraph.join('\n')));
  }
}

function listItem(line) { return /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/.exec(line); }

function list(lines, i, into) {
  const first = listItem(lines[i]);
  const indent = first[1].length;
  const ordered = /\d/.test(first[2]);
  const node = el(ordered ? 'ol' : 'ul', ordered && parseInt(first[2]) !== 1 ? { start: parseInt(first[2]) } : {});
  while (i < lines.length) {
    const item = listItem(lines[i]);
    if (!item || item[1].length < indent || /\d/.test(item[2]) !== ordered) break;
    const content = [item[3]];
    for (i++; i < lines.length; i++) {
      const next = listItem(lines[i]);
      if (next && next[1].length <= indent) break;
      if (!lines[i].trim() && !/^\s{2,}/.test(lines[i + 1] ?? '')) break;
      if (lines[i].trim() && !next && !/^\s/.test(lines[i])) break;
      content.push(lines[i].slice(Math.min(indent + item[2].length + 1, lines[i].length - lines[i].trimStart().length)));
    }
    while (i < lines.length && !lines[i].trim() && listItem(lines[i + 1] ?? '')) i++;
    const li = el('li');
    if (content.length === 1) inline(li, content[0]); else blocks(content, li);
    node.append(li);
  }
  into.append(node);
  return i;
}

function table(lines, i, into) {
  const cells = line => line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll('\\|', '|'));
  const right = cells(lines[i + 1]).map(cell => cell.endsWith(':'));
  const row = (line, tag) => el('tr', {}, ...cells(line).map((cell, column) => inline(el(tag, right[column] ? { class: 'number' } : {}), cell)));
  const head = row(lines[i], 'th');
  const body = el('tbody');
  for (i += 2; i < lines.length && lines[i].includes('|') && lines[i].trim(); i++) body.append(row(lines[i], 'td'));
  into.append(el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, head), body)));
  return i;
}

function codeBlock(code, language) {
  const copy = el('button', { class: 'quiet', type: 'button', onclick: async () => { await navigator.clipboard.writeText(code); copy.textContent = 'Copied'; setTimeout(() => { copy.textContent = 'Copy'; }, 1200); } }, 'Copy');
  return el('div', { class: 'codeblock' }, copy, el('pre', { tabindex: '0', 'aria-label': language ? language + ' code' : 'code' }, el('code', {}, code)));
}

const inlineRules = [
  [/^(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/, match => el('code', {}, match[2].trim())],
  [/^\\([\\`*_{}[\]()#+\-.!|>~])/, match => match[1]],
  [/^\*\*(?=\S)([\s\S]*?\S)\*\*/, match => inline(el('strong'), match[1])],
  [/^__(?=\S)([\s\S]*?\S)__(?!\w)/, match => inline(el('strong'), match[1])],
  [/^\*(?=[^\s*])([\s\S]*?[^\s*])\*(?!\*)/, match => inline(el('em'), match[1])],
  [/^_(?=[^\s_])([\s\S]*?[^\s_])_(?!\w)/, match => inline(el('em'), match[1])],
  [/^~~(?=\S)([\s\S]*?\S)~~/, match => inline(el('del'), match[1])],
  [/^\[([^\]\n]*)\]\((\S+?)(?:\s+"[^"]*")?\)/, match => link(match[2], match[1])],
  [/^(https?:\/\/[^\s<>"')\]]+[^\s<>"')\].,;:!?])/, match => link(match[1], match[1])],
];

function link(address, text) {
  // Only addresses that cannot run anything become links.
  return /^(https?:|mailto:)/i.test(address) ? el('a', { href: address, rel: 'noopener noreferrer nofollow', target: '_blank' }, text) : text;
}

function inline(node, text) {
  let plain = '';
  const flush = () => { if (plain) { node.append(plain); plain = ''; } };
  for (let i = 0; i < text.length;) {
    const rest = text.slice(i);
    let found = null;
    if (/[`\\*_~[h]/.test(rest[0]) && !(rest[0] === '_' && /\w/.test(text[i - 1] ?? ''))) {
      for (const [rule, make] of inlineRules) {
        const match = rule.exec(rest);
        if (match) { found = [match[0].length, make(match)]; break; }
      }
    }
    if (found) { flush(); node.append(found[1]); i += found[0]; } else if (rest[0] === '\n') { flush(); node.append(el('br')); i++; } else { plain += rest[0]; i++; }
  }
  flush();
  return node;
}
