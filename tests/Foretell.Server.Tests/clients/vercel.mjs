// The Vercel AI SDK against the server at argv[2]: through chat completions and through responses.
import assert from 'node:assert/strict';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';

const baseURL = `${process.argv[2]}v1`;
const compatible = createOpenAICompatible({ name: 'foretell', baseURL, apiKey: 'none', includeUsage: true, supportsStructuredOutputs: true });
const openai = createOpenAI({ baseURL, apiKey: 'none' });
const schema = jsonSchema({
  type: 'object',
  properties: { city: { type: 'string', enum: ['Rome', 'Oslo'] }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city', 'days'],
  additionalProperties: false,
});

async function step(name, body) {
  await body();
  console.log(`${name}: ok`);
}

for (const [name, model] of [['compatible', compatible('tiny')], ['responses', openai.responses('tiny')], ['chat', openai.chat('tiny')]]) {
  await step(`${name} generateText`, async () => {
    const { text, usage } = await generateText({ model, prompt: 'Hello', maxOutputTokens: 16, maxRetries: 0 });
    assert.ok(text.length > 0);
    assert.equal(usage.outputTokens, 16);
  });

  await step(`${name} streamText`, async () => {
    const result = streamText({ model, messages: [{ role: 'user', content: 'Hello' }], maxOutputTokens: 16, maxRetries: 0, onError: ({ error }) => { throw error; } });
    let text = '';
    for await (const piece of result.textStream) {
      text += piece;
    }
    assert.ok(text.length > 0);
    assert.equal((await result.usage).outputTokens, 16);
    assert.equal(await result.finishReason, 'length');
  });

  await step(`${name} generateObject`, async () => {
    const { object } = await generateObject({ model, schema, prompt: 'Weather?', maxOutputTokens: 400, maxRetries: 0 });
    assert.ok(['Rome', 'Oslo'].includes(object.city));
  });

  await step(`${name} tools`, async () => {
    const seen = [];
    const result = await generateText({
      model,
      prompt: 'Weather in Rome?',
      maxOutputTokens: 300,
      maxRetries: 0,
      // A model that knows nothing would call until its tokens are used up.
      providerOptions: { foretell: { parallel_tool_calls: false }, openai: { parallelToolCalls: false } },
      tools: { weather: tool({ description: 'The weather of a city.', inputSchema: schema, execute: async ({ city }) => { seen.push(city); return `sunny in ${city}`; } }) },
      prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? 'required' : 'none' }),
      stopWhen: stepCountIs(2),
    });
    assert.ok(seen.length >= 1);
    assert.equal(result.steps.length, 2);
  });
}

await step('embedMany', async () => {
  const { embeddings } = await embedMany({ model: compatible.textEmbeddingModel('tiny'), values: ['Hello', 'there'], maxRetries: 0 });
  assert.equal(embeddings.length, 2);
});
