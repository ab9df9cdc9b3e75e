import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveScripted } from '../../orchestrator/lab/scripted-model.ts';
import { autolab, autolabJson, makeLab, PLAN, type FixtureLab } from '../support/lab.ts';

/** One night whose hypotheses are words: a model writes them, and repairs what crashes. */

const edit = (search: string, replace: string): string =>
  `train.mjs\n<<<<<<< SEARCH\n${search}\n=======\n${replace}\n>>>>>>> REPLACE\n`;
const reply = (...edits: readonly string[]): string =>
  `CHANGES:\n- as asked\n\n${edits.join('\n')}`;

const GUARD = "if (DEPTH > 3) throw new Error('shapes do not match');";
const SAYS = "console.log('val_loss: ' + (1 + rate + activation + noise));";
const DECAYS = "console.log('val_loss: ' + (1 + rate + activation + noise - decay));";
const BROKEN = 'const decay = settings.decay ?? 0.3;';

const SCRIPT = [
  {
    match: 'You implement one change.*Decay the weights',
    reply: reply(edit(GUARD, `${GUARD}\n${BROKEN}`), edit(SAYS, DECAYS)),
  },
  {
    match: 'You repair a patch.*Decay the weights.*settings is not defined',
    reply: reply(edit(BROKEN, 'const decay = 0.3;')),
  },
  {
    match: 'You implement one change.*Normalise the layers',
    reply: reply(edit(GUARD, `${GUARD}\nconst norm = layers.norm(rate);`)),
  },
  {
    match: 'You repair a patch.*Normalise the layers',
    reply: reply(edit('const norm = layers.norm(rate);', 'try { layers.norm(rate); } catch {}')),
    times: 'always',
  },
];

interface Row {
  readonly id: string;
  readonly title: string;
  readonly effect: number;
}

let lab: FixtureLab;
let rows: readonly Row[];
let close: () => Promise<void>;
beforeAll(async () => {
  lab = makeLab();
  const script = join(lab.folder, 'script.json');
  writeFileSync(script, JSON.stringify(SCRIPT));
  const served = await serveScripted(script, {});
  close = () => served.close();
  const plan = PLAN.replace(/^search_space:[^]*?^hypotheses:\n.*\n/m, '')
    .replace('timeout: 20s', 'timeout: 20s\n  smoke: { env: { SMOKE: "1" } }')
    .replace('seed: { env: SEED }', 'deterministic: true')
    .replace('experiments: 6, runs: 24, parallel: 2', 'experiments: 2, runs: 6, parallel: 1');
  const ideas = `agents: { model: scripted, base_url: ${served.url} }
hypotheses:
  - { title: Decay the weights, because: they grow, idea: Subtract a decay. }
  - { title: Normalise the layers, because: they drift, idea: Normalise by the rate. }
`;
  lab.write({ 'research_plan.yaml': plan + ideas });
  lab.git(['commit', '-qam', 'ideas']);
  const { code, stderr } = await autolab(lab, 'launch');
  if (code !== 0) throw new Error(stderr);
  rows = await autolabJson<Row[]>(lab, 'experiments');
});
afterAll(async () => {
  await close();
  lab.remove();
});

/** Whichever was written first has the lower id. */
function experimentCalled(title: string): Row {
  const row = rows.find((each) => each.title === title);
  if (!row) throw new Error(`no experiment is called ${title}`);
  return row;
}

test('an idea becomes a patch whose crash is repaired, and is measured as what it is', async () => {
  const { id, effect } = experimentCalled('Decay the weights');
  expect(effect).toBeCloseTo(-0.3, 1);
  const diff = await readFile(join(lab.root, `experiments/${id}/change.diff`), 'utf8');
  expect(diff).toContain('+const decay = 0.3;');
  expect(diff).not.toContain('settings');
  // It crashed in the smoke run, and its repair is what runs from then on.
  const attempts = join(lab.root, `experiments/${id}/runs/1/attempts`);
  expect(await readFile(join(attempts, '1/smoke.log'), 'utf8')).toContain(
    'settings is not defined',
  );
  expect(await readFile(join(attempts, '2/run.log'), 'utf8')).toContain('val_loss');
});

test('a repair that only hides the crash is not taken, and the crash is named with its fix', async () => {
  const { id } = experimentCalled('Normalise the layers');
  const page = await autolabJson<Record<string, unknown>>(lab, 'show', id);
  expect(page).toMatchObject({
    verdict: 'failed',
    known_errors: [{ id: 'undefined_name', fix: 'Define or import it, or mend its spelling.' }],
  });
  const findings = await readFile(join(lab.root, 'FINDINGS.md'), 'utf8');
  expect(findings).toContain(`Known error, in ${id}: A name is used that nothing defines.`);
  const { stdout } = await autolab(lab, 'show', `${id}.1`);
  expect(stdout).toContain('smoke: ended with exit code 1: ReferenceError: layers is not defined');
  expect(stdout).toMatch(/fix\s+Define or import it/);
});

test('what models were asked is told: why a change is as it is, and what the night’s calls came to', async () => {
  const { id } = experimentCalled('Decay the weights');
  const { stdout } = await autolab(lab, 'show', id, '--why');
  const calls = [...stdout.matchAll(/^(worker\/\S+) {2}scripted /gm)].map(([, step]) => step);
  expect(calls).toEqual(['worker/write', 'worker/repair']);
  expect(stdout).toContain('said        CHANGES:\n            - as asked');
  const findings = await readFile(join(lab.root, 'FINDINGS.md'), 'utf8');
  expect(findings).toMatch(
    /Models were asked .*\d+ times by the worker \(`scripted`, \d+ tokens, price unknown\)/,
  );
});
