// Random text and its Normalization Form C by the ICU within Node (`node make-composed.mjs`), as hexadecimal UTF-8.
import fs from 'node:fs';
let state = 20n;
const below = limit => {
  state = (state + 0x9E3779B97F4A7C15n) & 0xFFFFFFFFFFFFFFFFn;
  let mixed = ((state ^ (state >> 30n)) * 0xBF58476D1CE4E5B9n) & 0xFFFFFFFFFFFFFFFFn;
  mixed = ((mixed ^ (mixed >> 27n)) * 0x94D049BB133111EBn) & 0xFFFFFFFFFFFFFFFFn;
  return Number((mixed ^ (mixed >> 31n)) % BigInt(limit));
};
const ranges = [[0x20, 0x7F], [0xC0, 0x250], [0x300, 0x370], [0x300, 0x345], [0x1100, 0x1200], [0xAC00, 0xD7A4], [0x900, 0xE00],
  [0x1E00, 0x2000], [0x2000, 0x2330], [0x3040, 0x3100], [0xF900, 0xFB50], [0x11080, 0x11140], [0x1D150, 0x1D1C0], [0x2F800, 0x2FA20]];
const hex = text => Buffer.from(text, 'utf8').toString('hex');
const cases = [];
for (let round = 0; round < 400; round++) {
  let text = '';
  for (let count = 1 + below(10); count > 0; count--) {
    const [first, end] = ranges[below(ranges.length)];
    const point = String.fromCodePoint(first + below(end - first));
    text += below(4) === 0 ? point.normalize('NFD') : point;
  }
  cases.push([hex(text), hex(text.normalize('NFC'))]);
}
fs.writeFileSync(new URL('composed.json', import.meta.url), `[\n${cases.map(pair => JSON.stringify(pair)).join(',\n')}\n]\n`);
