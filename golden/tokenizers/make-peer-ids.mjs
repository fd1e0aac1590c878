// Ids of the texts in peer-ids.json by the tokenizers' own makers: `npm install tiktoken@1.0.22 @anush008/tokenizers@0.6.0`
// in some folder, then there `node .../make-peer-ids.mjs FOLDER_OF_SHARED_DATA`, which writes the file beside this one again.
import fs from 'node:fs';
import { createRequire } from 'node:module';
const require = createRequire(process.cwd() + '/');
const { Tiktoken } = require('tiktoken');
const { Tokenizer } = require('@anush008/tokenizers');

const file = new URL('peer-ids.json', import.meta.url);
const golden = JSON.parse(fs.readFileSync(file));
const ids = {};
for (const [name, ranks] of [['gpt2', 'gpt2'], ['cl100k', 'cl100k_base'], ['o200k', 'o200k_base']]) {
  const published = require(`tiktoken/encoders/${ranks}.json`);
  const peer = new Tiktoken(published.bpe_ranks, published.special_tokens, published.pat_str);
  ids[name] = golden.texts.map(text => [...peer.encode_ordinary(text)]);
}
for (const [name, folder] of [['llama3.1', 'llama3.1'], ['qwen3', 'qwen3']]) {
  const peer = Tokenizer.fromFile(`${process.argv[2]}/tokenizers/${folder}/tokenizer.json`);
  ids[name] = [];
  for (const text of golden.texts) {
    ids[name].push((await peer.encode(text, null, { addSpecialTokens: false })).getIds());
  }
}
const lines = ['texts', ...Object.keys(ids)].map(key => `${JSON.stringify(key)}: [\n${(ids[key] ?? golden.texts).map(row => JSON.stringify(row)).join(',\n')}\n]`);
fs.writeFileSync(file, `{${lines.join(',\n')}}\n`);
