// llama.cpp on the GGUF file that `foretell bench generate` reads: node llamacpp.mjs MODEL.gguf [threads] [prompt tokens] [tokens]
// Medians of three runs after one that does not count. See README.md for the package that it needs.
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const [path, threads = 2, promptTokens = 512, tokens = 128] = [process.argv[2], ...process.argv.slice(3).map(Number)];
if (!path) {
  console.error('usage: node llamacpp.mjs MODEL.gguf [threads] [prompt tokens] [tokens]');
  process.exit(2);
}
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({ contextSize: promptTokens + tokens + 32, batchSize: promptTokens, threads });

// Random ids, others in each run, so that no prefix is remembered.
let state = 1;
const draw = () => 300 + (state = (state * 48271) % 2147483647) % 10000;
const secondsSince = start => (performance.now() - start) / 1000;

async function measure() {
  const sequence = context.getSequence();
  const prompt = Array.from({ length: promptTokens }, draw);
  let start = performance.now();
  await sequence.evaluateWithoutGeneratingNewTokens(prompt);
  const prefill = promptTokens / secondsSince(start);
  let written = -1; // The first token opens the clock.
  for await (const _ of sequence.evaluate([draw()], { temperature: 0, yieldEogToken: true })) {
    if (++written === 0) start = performance.now();
    if (written === tokens) break;
  }
  const decode = tokens / secondsSince(start);
  sequence.dispose();
  return { prefill, decode };
}

await measure();
const runs = [await measure(), await measure(), await measure()];
const median = key => runs.map(run => run[key]).sort((a, b) => a - b)[1];
console.log(JSON.stringify({ model: path.split('/').pop(), threads, prefillTokensPerSecond: median('prefill'), decodeAfterPromptTokensPerSecond: median('decode') }));
process.exit(0);
