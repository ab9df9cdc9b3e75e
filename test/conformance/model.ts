import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Model, ModelCall } from '../../orchestrator/domain/model.ts';
import type { Script } from '../../agents/scripted.ts';

const idea = z.strictObject({ title: z.string(), effect: z.number().nullable() });

export const aCall = <T = string>(extra: Partial<ModelCall<T>> = {}): ModelCall<T> => ({
  role: 'researcher',
  step: 'draft',
  work: 'propose-N-0001-1',
  system: 'You state hypotheses.',
  messages: [{ role: 'user', content: 'What about the learning rate?' }],
  ...extra,
});

export const anIdeaCall = (extra: Partial<ModelCall<z.output<typeof idea>>> = {}) =>
  aCall({ schema: { name: 'idea', of: idea }, ...extra });

/** What every implementation of the port Model keeps. `open` gives one that follows the script. */
export function modelSuite(
  name: string,
  open: (script: Script) => Promise<{ readonly model: Model; close(): Promise<void> }>,
): void {
  describe(`the model, ${name}`, () => {
    const opened: { close(): Promise<void> }[] = [];
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
    });
    const following = async (script: Script): Promise<Model> => {
      const found = await open(script);
      opened.push(found);
      return found.model;
    };

    test('answers with text as it came, and says who did', async () => {
      const model = await following([{ reply: '  warm up longer\n' }]);
      const reply = await model.ask(aCall());
      expect(reply).toMatchObject({ value: '  warm up longer\n', text: '  warm up longer\n' });
      expect(reply).toHaveProperty('call');
      expect(reply).toHaveProperty('model');
    });

    test('answers with a value of the schema', async () => {
      const model = await following([{ reply: { title: 'Warm up', effect: null } }]);
      expect(await model.ask(anIdeaCall())).toMatchObject({
        value: { title: 'Warm up', effect: null },
      });
    });

    test('gives each step its own lines, and the groups of a match back', async () => {
      const model = await following([
        { step: 'worker/write', reply: 'a patch' },
        { step: 'researcher', match: 'about the (\\w+) rate', reply: 'the $1 rate' },
      ]);
      expect(await model.ask(aCall())).toMatchObject({ value: 'the learning rate' });
      expect(await model.ask(aCall({ role: 'worker', step: 'write' }))).toMatchObject({
        value: 'a patch',
      });
    });

    test.each([
      [
        'what is never of the schema is malformed',
        { reply: { title: 5, effect: 'big' } },
        'malformed',
      ],
      [
        'what is never whole is truncated',
        { fault: { kind: 'truncated' }, reply: 'long' },
        'truncated',
      ],
      ['a refusal is one', { fault: { kind: 'refusal' } }, 'refused'],
      ['no choices are an empty reply', { fault: { kind: 'empty' } }, 'empty'],
      ['bytes that are no reply are malformed', { fault: { kind: 'garbage' } }, 'malformed'],
      [
        'a reply that ends in the middle did not reach us',
        { fault: { kind: 'cut_off' } },
        'unreachable',
      ],
      ['nor did an error of the server’s', { fault: { status: 500 } }, 'unreachable'],
    ] as const)('%s, and nothing is thrown', async (_, line, kind) => {
      const model = await following([{ ...line, times: 'always' }]);
      const reply = await model.ask(anIdeaCall());
      expect(reply).toMatchObject({ failure: { class: kind } });
      expect('failure' in reply && reply.failure.message).toMatch(/\w/);
    });

    test('a question that the script does not know has no answer', async () => {
      const model = await following([{ step: 'worker', reply: 'x' }]);
      expect(await model.ask(aCall())).toHaveProperty('failure');
    });

    test('an aborted question rejects with the reason, and not with a failure', async () => {
      const model = await following([{ reply: 'x', times: 'always' }]);
      const signal = AbortSignal.abort('fenced');
      await expect(model.ask(aCall(), signal)).rejects.toBe('fenced');
    });
  });
}
