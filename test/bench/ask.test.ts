import { afterAll, beforeAll, expect, test } from 'vitest';
import { plannedBy, scoreAll } from '../../bench/ask.ts';
import { scriptOf } from '../../bench/ask/liar.ts';
import { makePast, type Past } from '../../bench/ask/past.ts';
import { questionsOn } from '../../bench/ask/questions.ts';
import { outcomeOf, unsupportedIn } from '../../bench/ask/score.ts';
import { scriptedModel } from '../../agents/scripted.ts';
import { NO_MODEL } from '../../orchestrator/domain/model.ts';

let past: Past;
beforeAll(async () => {
  past = await makePast(45);
});
afterAll(() => past.remove());

test('questions with known answers are answered right or not at all, and a liar’s numbers do not come through', async () => {
  const all = questionsOn(past.state);
  expect(all.length).toBeGreaterThanOrEqual(60);
  // One in six, since all take eight seconds; npm run bench:ask asks them all.
  const questions = all.filter((_, i) => i % (process.env['FULL'] ? 3 : 6) === 0);
  const kinds = (of: typeof all) => new Set(of.map(({ kind }) => kind));
  expect(kinds(questions)).toEqual(kinds(all));
  const alone = await scoreAll(past, questions, NO_MODEL);
  expect(
    alone.filter(({ outcome }) => outcome !== 'right').map(({ question }) => question.ask),
  ).toEqual([]);
  const liar = await scoreAll(past, questions, scriptedModel(scriptOf(plannedBy(alone))));
  for (const { unsupported, lied, question } of [...alone, ...liar])
    expect({ unsupported, lied }, question.ask).toEqual({ unsupported: [], lied: false });
  expect(
    liar
      .filter(({ outcome }) => outcome === 'wrong')
      .map(({ question, answer }) => `${question.ask} ${answer.answer}`),
  ).toEqual([]);
});

test('the score tells a wrong answer and a number that nobody measured', async () => {
  const question = {
    ask: 'the best?',
    kind: 'answerable',
    ids: ['E-0007'],
    near: [1.5033],
  } as const;
  const sources = [
    { call: 'q1', tool: 'sql', args: {}, query: 'SELECT 1.5033 AS loss', rows: 1, runs: [] },
  ];
  const said = (answer: string) => ({ answer, grounded: true, sources });
  expect(outcomeOf(question, said('E-0007: 1.503'))).toBe('right');
  expect(outcomeOf(question, said('E-0007: 1.504'))).toBe('wrong');
  expect(outcomeOf(question, said('E-0008: 1.503'))).toBe('wrong');
  expect(outcomeOf(question, { ...said('?'), grounded: false })).toBe('refused');
  expect(await unsupportedIn(said('E-0007: 1.503, of 2'), past.notebook, [])).toEqual(['2']);
  const two = `SELECT unnest(['E-0007', 'E-0008']) AS id, unnest([1.5033, 1.6]) AS loss`;
  const foreign = { ...said('E-0007: 1.6'), sources: [{ ...sources[0], query: two } as never] };
  expect(await unsupportedIn(foreign, past.notebook, [])).toEqual(['1.6']);
});
