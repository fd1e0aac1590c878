// Curves of a run as SVG, with the value under the pointer (or the arrow keys).
const NS = 'http://www.w3.org/2000/svg';
const W = 420, H = 200, LEFT = 52, RIGHT = 8, TOP = 8, BOTTOM = 24;

function svg(tag, attributes) {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** Numbers as people write them. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2);
  return size >= 1000 ? Math.round(value).toLocaleString('en') : String(+value.toPrecision(4));
}

/** About four round numbers between two. */
function ticks(low, high) {
  const raw = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(candidate => candidate >= raw);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step) found.push(+tick.toPrecision(12));
  return found;
}

/** A figure that can be given new points: [{ x, y }] by step, ascending. */
export class Chart {
  constructor(title, index = 0) {
    this.colour = `var(--curve-${(index % 4) + 1})`;
    this.points = [];
    this.output = document.createElement('output');
    const caption = document.createElement('figcaption');
    const name = document.createElement('span');
    name.textContent = title;
    caption.append(name, this.output);
    this.svg = svg('svg', { viewBox: `0 0 ${W} ${H}`, role: 'img', tabindex: '0', 'aria-label': title });
    this.figure = document.createElement('figure');
    this.figure.className = 'chart';
    this.figure.append(caption, this.svg);
    this.title = title;
    this.svg.addEventListener('pointermove', event => this.#point((event.clientX - this.svg.getBoundingClientRect().left) / this.svg.getBoundingClientRect().width * W));
    this.svg.addEventListener('pointerleave', () => this.#leave());
    this.svg.addEventListener('blur', () => this.#leave());
    this.svg.addEventListener('keydown', event => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
      if (!step || this.points.length === 0) return;
      event.preventDefault();
      this.at = Math.max(0, Math.min(this.points.length - 1, (this.at ?? this.points.length - 1) + step));
      this.#mark(this.points[this.at]);
    });
  }

  set(points) {
    this.points = points.filter(point => Number.isFinite(point.y));
    this.#draw();
  }

  #draw() {
    this.svg.replaceChildren();
    if (this.points.length === 0) { this.output.textContent = 'nothing yet'; return; }
    const xs = this.points.map(point => point.x), ys = this.points.map(point => point.y);
    // The first few values of a run are often far off; the axis shows where the rest lies, and the curve is cut there.
    const sorted = [...ys].sort((a, b) => a - b);
    const tail = ys.slice(Math.floor(ys.length / 10));
    let low = ys.length > 30 ? Math.min(sorted[Math.floor(ys.length * 0.01)], ...tail) : sorted[0];
    let high = ys.length > 30 ? Math.max(sorted[Math.floor(ys.length * 0.9)], ...tail) : sorted.at(-1);
    if (low === high) { const pad = Math.abs(low) * 0.1 || 1; low -= pad; high += pad; }
    const x0 = xs[0], x1 = xs.at(-1) === xs[0] ? xs[0] + 1 : xs.at(-1);
    this.x = x => LEFT + (x - x0) / (x1 - x0) * (W - LEFT - RIGHT);
    this.y = y => TOP + (1 - (Math.max(low, Math.min(high, y)) - low) / (high - low)) * (H - TOP - BOTTOM);
    for (const tick of ticks(low, high)) {
      const y = this.y(tick);
      this.svg.append(svg('line', { class: 'grid', x1: LEFT, x2: W - RIGHT, y1: y, y2: y }), this.#text(LEFT - 6, y + 4, number(tick), 'end'));
    }
    this.svg.append(this.#text(LEFT, H - 6, number(x0), 'start'), this.#text(W - RIGHT, H - 6, number(x1), 'end'));
    this.svg.append(svg('path', { class: 'curve', stroke: this.colour, d: this.points.map((point, i) => `${i ? 'L' : 'M'}${this.x(point.x).toFixed(1)},${this.y(point.y).toFixed(1)}`).join('') }));
    this.cross = svg('line', { class: 'cross', y1: TOP, y2: H - BOTTOM, visibility: 'hidden' });
    this.dot = svg('circle', { r: 3.5, fill: this.colour, visibility: 'hidden' });
    this.svg.append(this.cross, this.dot);
    this.#leave();
  }

  #text(x, y, text, anchor) { const node = svg('text', { x, y, 'text-anchor': anchor }); node.textContent = text; return node; }

  #point(x) {
    if (this.points.length === 0) return;
    let nearest = 0;
    for (let i = 1; i < this.points.length; i++) if (Math.abs(this.x(this.points[i].x) - x) < Math.abs(this.x(this.points[nearest].x) - x)) nearest = i;
    this.at = nearest;
    this.#mark(this.points[nearest]);
  }

  #mark(point) {
    const x = this.x(point.x);
    for (const [name, value] of Object.entries({ x1: x, x2: x, visibility: 'visible' })) this.cross.setAttribute(name, value);
    for (const [name, value] of Object.entries({ cx: x, cy: this.y(point.y), visibility: 'visible' })) this.dot.setAttribute(name, value);
    this.output.textContent = `step ${number(point.x)}: ${number(point.y)}`;
  }

  #leave() {
    this.at = undefined;
    this.cross?.setAttribute('visibility', 'hidden');
    this.dot?.setAttribute('visibility', 'hidden');
    const last = this.points.at(-1);
    this.output.textContent = last ? number(last.y) : 'nothing yet';
    this.svg.setAttribute('aria-label', last ? `${this.title}: ${number(last.y)} at step ${number(last.x)}` : this.title);
  }
}
