// The official OpenAI client for JavaScript against the server at argv[2], whose model "tiny" knows nothing.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: `${process.argv[2]}v1`, apiKey: 'none', maxRetries: 0 });
const model = 'tiny';
const weather = {
  type: 'object',
  properties: { city: { type: 'string', enum: ['Rome', 'Oslo'] }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const tool = { type: 'function', function: { name: 'weather', description: 'The weather of a city.', parameters: weather, strict: true } };

async function step(name, body) {
  await body();
  console.log(`${name}: ok`);
}

await step('models', async () => {
  const models = await client.models.list();
  assert.deepEqual(models.data.map((one) => one.id), [model]);
  assert.equal((await client.models.retrieve(model)).object, 'model');
});

await step('chat', async () => {
  const request = { model, messages: [{ role: 'user', content: 'Hello' }], max_completion_tokens: 24, seed: 3, logprobs: true, top_logprobs: 2 };
  const whole = await client.chat.completions.create(request);
  assert.equal(whole.usage.completion_tokens, 24);
  assert.equal(whole.choices[0].logprobs.content.length, 24);
  let text = '';
  let usage;
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta?.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(usage.completion_tokens, 24);
});

await step('chat stream helper', async () => {
  const stream = client.chat.completions.stream({ model, messages: [{ role: 'user', content: 'Weather?' }], max_completion_tokens: 300, tools: [tool], tool_choice: 'required', parallel_tool_calls: false });
  const completion = await stream.finalChatCompletion();
  const call = completion.choices[0].message.tool_calls[0];
  assert.equal(call.function.name, 'weather');
  assert.ok(['Rome', 'Oslo'].includes(JSON.parse(call.function.arguments).city));
});

await step('tools round trip', async () => {
  const seen = [];
  const runner = client.chat.completions.runTools({
    model,
    messages: [{ role: 'user', content: 'Weather in Rome?' }],
    max_completion_tokens: 300,
    tool_choice: { type: 'function', function: { name: 'weather' } },
    parallel_tool_calls: false,
    tools: [{ type: 'function', function: { name: 'weather', parameters: weather, parse: JSON.parse, function: ({ city, days }) => { seen.push(city); return `${city}: sunny for ${days} days`; } } }],
  });
  await runner.done();
  assert.equal(seen.length, 1);
});

await step('structured output', async () => {
  const completion = await client.chat.completions.parse({
    model,
    messages: [{ role: 'user', content: 'Weather?' }],
    max_completion_tokens: 300,
    response_format: { type: 'json_schema', json_schema: { name: 'weather', strict: true, schema: weather } },
  });
  const parsed = JSON.parse(completion.choices[0].message.content);
  assert.ok(Number.isInteger(parsed.days));
});

await step('completions', async () => {
  const completion = await client.completions.create({ model, prompt: ['Once', 'Twice'], max_tokens: 8, echo: true, logprobs: 1 });
  assert.equal(completion.choices.length, 2);
  assert.ok(completion.choices[1].text.startsWith('Twice'));
  assert.equal(completion.choices[0].logprobs.token_logprobs[0], null);
  let text = '';
  for await (const chunk of await client.completions.create({ model, prompt: 'Once', max_tokens: 8, seed: 1, stream: true })) {
    text += chunk.choices[0].text;
  }
  assert.ok(text.length > 0);
});

await step('embeddings', async () => {
  // The client asks for base64 unless told otherwise, and decodes it.
  const one = await client.embeddings.create({ model, input: ['Hello', 'there'] });
  const same = await client.embeddings.create({ model, input: 'Hello', encoding_format: 'float' });
  assert.equal(one.data.length, 2);
  assert.ok(Math.abs(one.data[0].embedding.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-4);
  one.data[0].embedding.forEach((value, i) => assert.ok(Math.abs(value - same.data[0].embedding[i]) < 1e-6));
});

await step('responses', async () => {
  const first = await client.responses.create({ model, input: 'Hello', max_output_tokens: 12 });
  assert.equal(first.status, 'incomplete');
  assert.ok(first.output_text.length > 0);
  const second = await client.responses.create({ model, input: 'And now?', previous_response_id: first.id, max_output_tokens: 4 });
  assert.ok(second.usage.input_tokens > first.usage.input_tokens);
  assert.equal((await client.responses.retrieve(first.id)).output_text, first.output_text);
  const items = await client.responses.inputItems.list(first.id);
  assert.equal(items.data[0].content[0].text, 'Hello');
  await client.responses.delete(first.id);
  await assert.rejects(() => client.responses.retrieve(first.id), OpenAI.NotFoundError);
});

await step('responses stream helper', async () => {
  const stream = client.responses.stream({ model, input: 'Weather?', max_output_tokens: 300, tools: [{ type: 'function', name: 'weather', parameters: weather, strict: true }], tool_choice: 'required', parallel_tool_calls: false });
  let last = -1;
  for await (const event of stream) {
    assert.equal(event.sequence_number, last + 1);
    last = event.sequence_number;
  }
  const response = await stream.finalResponse();
  assert.equal(response.output[0].type, 'function_call');
  assert.ok(Number.isInteger(JSON.parse(response.output[0].arguments).days));
});

await step('errors', async () => {
  await assert.rejects(() => client.chat.completions.create({ model: 'none', messages: [{ role: 'user', content: 'x' }] }), (error) => error instanceof OpenAI.NotFoundError && error.code === 'model_not_found' && error.requestID.startsWith('req_'));
  await assert.rejects(() => client.chat.completions.create({ model, messages: [] }), OpenAI.BadRequestError);
});
