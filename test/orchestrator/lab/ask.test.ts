import { afterAll, expect, onTestFinished, test } from 'vitest';
import { scriptedModel } from '../../../agents/scripted.ts';
import { serveScript } from '../../../agents/scripted/server.ts';
import { converse } from '../../../orchestrator/lab/ask.ts';
import { autolab, makeLab, PLAN } from '../../support/lab.ts';

const lab = makeLab();
afterAll(() => lab.remove());

test('the plan’s Reporter words the answer, and a question that was paid for is not paid for again', async () => {
  const heard: string[] = [];
  const endpoint = await serveScript(
    [
      {
        step: 'reporter/plan',
        match: 'Question: any words left\\?',
        reply: { calls: [{ tool: 'words', args: { kind: 'note', about: null } }] } as never,
        times: 'always',
      },
      {
        step: 'reporter/compose',
        reply: '{{q1.r0.who}} left {{q1.r0.note}}.',
        times: 'always',
      },
    ],
    { onRequest: (line) => heard.push(line) },
  );
  onTestFinished(() => endpoint.close());
  await autolab(lab, 'note', 'try a longer warm-up');
  const agents = `agents: { reporter: { model: scripted, base_url: '${endpoint.url}' } }\n`;
  lab.commit('Let the Reporter think', { 'research_plan.yaml': `${PLAN}${agents}` });

  const remarks: string[] = [];
  const answers: string[] = [];
  for (let i = 0; i < 2; i++) {
    const talk = await converse(lab.root, { remark: (text) => remarks.push(text) });
    answers.push((await talk.ask('any words left?')).answer.answer);
  }
  expect(remarks).toEqual([]);
  expect(answers[0]).toMatch(/^.+ left “try a longer warm-up”\. \[q1\]$/);
  expect(answers[1]).toBe(answers[0]);
  expect(heard.filter((line) => line.startsWith('reporter/'))).toHaveLength(2);
});

test('a model that fails is said to have failed, and the patterns answer', async () => {
  const model = scriptedModel([{ fault: { kind: 'empty' }, times: 'always' }]);
  const remarks: string[] = [];
  const talk = await converse(lab.root, { model, remark: (text) => remarks.push(text) });
  expect((await talk.ask('what notes are there?')).answer.grounded).toBe(true);
  expect(remarks.at(-1)).toMatch(/^answered without the model: \w+/);
});

test('a plan that cannot be read leaves the answering to the patterns, and says so', async () => {
  lab.write({ 'research_plan.yaml': 'project: [\n' });
  const remarks: string[] = [];
  const talk = await converse(lab.root, { remark: (text) => remarks.push(text) });
  expect((await talk.ask('what notes are there?')).answer.answer).toContain('try a longer warm-up');
  expect(remarks[0]).toMatch(/^answered without a model: research_plan\.yaml:/);
});
