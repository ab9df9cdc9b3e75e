import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { keysAt, planJsonSchema } from '../../../orchestrator/plan/schema.ts';

const FILE = new URL('../../../schemas/research_plan.schema.json', import.meta.url);
const AGAIN = 'UPDATE_SCHEMAS=1 npx vitest run test/orchestrator/plan-schema.test.ts';

test('the committed JSON Schema is the one that the plan’s schema gives', async () => {
  const schema = planJsonSchema();
  if (process.env['UPDATE_SCHEMAS']) await writeFile(FILE, `${JSON.stringify(schema, null, 2)}\n`);
  const committed: unknown = JSON.parse(await readFile(FILE, 'utf8').catch(() => 'null'));
  expect(committed, `the plan’s schema changed: write it anew with ${AGAIN}`).toEqual(schema);
});

test('it describes keys, and asks for what is needed', () => {
  const schema = planJsonSchema();
  expect(schema.required).toEqual(['project', 'question', 'objective', 'workspace', 'run']);
  expect(schema.additionalProperties).toBe(false);
  // What may hold itself is known at every depth.
  for (const depth of [1, 2, 3])
    expect(keysAt(Array.from({ length: depth }, () => ['experiments', 0]).flat())).toHaveProperty(
      'size',
      8,
    );
  expect(schema.properties?.['run']?.properties?.['timeout']).toMatchObject({
    type: 'string',
    default: '1h',
  });
  const knob = schema.properties?.['search_space']?.additionalProperties;
  const range = (knob || undefined)?.properties?.['range'];
  expect(range?.prefixItems).toEqual([{ type: 'number' }, { type: 'number' }]);
  for (const [key, value] of Object.entries(schema.properties ?? {}))
    expect(value.description ?? value.properties, key).toBeDefined();
});

test('the keys of a level are found through lists and names that the user chose', () => {
  expect([...(keysAt(['hypotheses', 3]) ?? [])].map(([key]) => key)).toContain('patch');
  expect([...(keysAt(['search_space', 'rate']) ?? [])].map(([key]) => key)).toContain('scale');
  expect(keysAt(['run', 'env'])).toBeNull();
  expect(keysAt(['no', 'such', 'place'])).toBeNull();
});
