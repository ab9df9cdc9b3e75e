import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { dataBlock } from '../../../agents/data-block.ts';
import { jsonSchemaOf, readReply, withoutThoughts } from '../../../agents/models/form.ts';

describe('a schema, as strict endpoints take it', () => {
  test('has closed objects, every key required, and alternatives as anyOf', () => {
    const change = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('knob'), value: z.number().nullable() }),
      z.object({ kind: z.literal('idea'), text: z.string().describe('In words.') }),
    ]);
    const schema = jsonSchemaOf('ideas', z.object({ ideas: z.array(change).max(3) }));
    expect(schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['ideas'],
      properties: { ideas: { type: 'array', maxItems: 3 } },
    });
    const text = JSON.stringify(schema);
    expect(text).toContain('"anyOf":[{"type":"object"');
    expect(text).not.toMatch(/oneOf|\$schema/);
    expect(text.match(/"additionalProperties":false/g)).toHaveLength(3);
  });

  test('has to be an object at its top: no endpoint takes anything else', () => {
    expect(() => jsonSchemaOf('list', z.array(z.string()))).toThrow(
      'schema list: expected an object at its top',
    );
  });
});

test('what others wrote keeps no characters that nobody sees', () => {
  expect(dataBlock('abstract', 'Adam\u{e0049}\u200b\u001b[2J helps 🙂', 99)).toMatch(
    /\nAdam helps 🙂\n/,
  );
});

describe('a reply', () => {
  const any = z.custom<object>((value) => typeof value === 'object' && value !== null);

  test('is read wherever it stands in what a model says around it', () => {
    const words = fc.string().filter((text) => !/[{}"]/.test(text));
    const value = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(words, value, words, (before, json, after) => {
        const read = readReply(any, `${before}${JSON.stringify(json)}${after}`);
        expect(read).toEqual({ value: JSON.parse(JSON.stringify(json)) as unknown });
      }),
    );
  });

  test('in words is what stands behind the thoughts, and keeps its own tags', () => {
    for (const [text, said] of [
      ['<think>a\nb</think>\nYes', '\nYes'],
      ['a\n</think>\n\nYes', '\n\nYes'],
      ['stop = "</think>"\n', 'stop = "</think>"\n'],
      ['Cut <think> out:\n</think>\n', 'Cut <think> out:\n</think>\n'],
    ] as const)
      expect(withoutThoughts(text)).toBe(said);
    const tagged = { title: 'keep <think>x</think>' };
    expect(readReply(any, JSON.stringify(tagged))).toEqual({ value: tagged });
  });

  test('that holds none, or only a part of one, is a problem and never a throw', () => {
    const value = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 });
    fc.assert(
      fc.property(value, (json) => {
        const cut = JSON.stringify(json).slice(0, -1);
        expect(readReply(z.object({ 'not there': z.literal(1) }), cut)).toHaveProperty('problem');
      }),
    );
    expect(readReply(any, '{'.repeat(100_000))).toMatchObject({ json: false });
  });
});
