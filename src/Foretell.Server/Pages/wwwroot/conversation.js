// A conversation as a tree: editing a message or asking again grows a branch beside the old one; nothing is lost.

export class Conversation {
  constructor(saved) {
    Object.assign(this, { id: crypto.randomUUID(), title: '', system: '', created: Date.now(), nodes: {}, roots: [], chosen: {} }, saved);
  }

  children(id) { return id === null ? this.roots : this.nodes[id].children; }

  /** Adds a message under a parent (null for the beginning) and chooses it. */
  add(parent, role, content) {
    const id = crypto.randomUUID();
    this.nodes[id] = { id, parent, role, content, children: [] };
    this.children(parent).push(id);
    this.chosen[parent ?? ''] = id;
    if (!this.title && role === 'user') this.title = content.trim().slice(0, 60);
    return this.nodes[id];
  }

  /** The messages from the beginning along the chosen branches. */
  path() {
    const path = [];
    for (let id = null; ;) {
      const children = this.children(id);
      if (children.length === 0) return path;
      const next = children.includes(this.chosen[id ?? '']) ? this.chosen[id ?? ''] : children.at(-1);
      path.push(this.nodes[next]);
      id = next;
    }
  }

  /** The branches that a message is one of. */
  siblings(id) { return this.children(this.nodes[id].parent); }

  choose(id) { this.chosen[this.nodes[id].parent ?? ''] = id; }

  /** The messages before a node, as the API wants them. */
  before(parent) {
    const messages = [];
    for (let id = parent; id !== null; id = this.nodes[id].parent) {
      const node = this.nodes[id];
      if (node.content || node.role === 'user') messages.unshift({ role: node.role, content: node.content });
    }
    return this.system.trim() ? [{ role: 'system', content: this.system }, ...messages] : messages;
  }

  toMarkdown() {
    const parts = [`# ${this.title || 'Conversation'}`];
    if (this.system.trim()) parts.push(`**System:** ${this.system}`);
    for (const node of this.path()) parts.push(`## ${node.role === 'user' ? 'User' : 'Assistant' + (node.model ? ` (${node.model})` : '')}`, ...(node.reasoning ? ['> ' + node.reasoning.replaceAll('\n', '\n> ')] : []), node.content);
    return parts.join('\n\n') + '\n';
  }

  toJsonl() { return JSON.stringify({ messages: this.before(this.path().at(-1)?.id ?? null) }) + '\n'; }
}
