import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clock, openLab, readLabPlan, readLabState } from '../../../orchestrator/lab/lab.ts';
import { propose, type ProposalWords } from '../../../orchestrator/lab/propose.ts';
import { knobsIn } from '../../../orchestrator/lab/proposed-change.ts';
import { openNotebook } from '../../../notebook/writer.ts';
import { nightStarted } from '../../support/simulate.ts';
import { autolab, autolabJson, makeLab, PLAN, TRAIN, type FixtureLab } from '../../support/lab.ts';

interface Row {
  readonly id: string | null;
  readonly title: string;
  readonly status: string;
  readonly experiment: string | null;
}

describe('the knobs of --change', () => {
  test('end at a comma only where another knob begins', () => {
    const knobs = ['betas', 'rate'];
    expect(knobsIn(['betas=0.9,0.99,rate=1'], knobs)).toEqual({ betas: '0.9,0.99', rate: '1' });
    expect(knobsIn(['rate = a=b', 'betas=x,y=z'], knobs)).toEqual({ rate: 'a=b', betas: 'x,y=z' });
    expect(Object.keys(knobsIn(['__proto__=1'], knobs))).toEqual(['__proto__']);
    for (const odd of ['', 'rate', 'rate=', '=1', 'rate=1,rate=2'])
      expect(() => knobsIn([odd], knobs)).toThrow(/^expected (--change knob=value|each knob once)/);
  });
});

describe('a proposal', () => {
  let lab: FixtureLab;
  beforeAll(() => {
    // Links and attributes would be refused as not editable before git had a say.
    lab = makeLab({
      'research_plan.yaml': PLAN.replace(
        '[train.mjs]',
        "['*', '{train.mjs,.gitattributes}']",
      ).replace('experiments: 6, runs: 24', 'experiments: 2, runs: 6'),
      'notes.txt': 'x\n',
    });
    lab.write({ 'train.mjs': TRAIN.replace('?? 1', '?? 2') });
    const wide = `${lab.git(['diff'])}\n`;
    lab.git(['checkout', '-q', 'train.mjs']);
    lab.write({
      'ideas/wide.diff': wide,
      'ideas/stale.diff': wide.replace('DEPTH = 2', 'DEPTH = 7'),
      'ideas/protected.diff': wide.replaceAll('train.mjs', 'research_plan.yaml'),
      'ideas/attributes.diff':
        '--- /dev/null\n+++ b/.gitattributes\n@@ -0,0 +1,1 @@\n+* filter=evil\n',
      'ideas/link.diff':
        'diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1,1 @@\n+/etc/passwd\n\\ No newline at end of file\n',
      'ideas/none.diff': 'just words\n',
    });
  });
  afterAll(() => lab.remove());

  const tell = async (words: Partial<ProposalWords>) => {
    const own = await openLab(lab.root);
    const { state } = await readLabState(lab.root);
    const patch = words.patch === undefined ? undefined : join(lab.root, 'ideas', words.patch);
    return propose(own, state, await readLabPlan(own), {
      ...{ title: 'It helps', because: 'I think so', ...words },
      patch,
    });
  };

  test('that is none is refused with what was expected, and nothing is recorded', async () => {
    const refused: readonly (readonly [Partial<ProposalWords>, RegExp])[] = [
      [{}, /^expected one of --change knob=value, --patch FILE and --idea WORDS, found none$/],
      [{ change: ['depth=1'], patch: 'wide.diff' }, /found two$/],
      [{ idea: 'tie the weights' }, /^expected somebody who can write an idea .*agents\.model/],
      [{ idea: 'x', patch: 'wide.diff', change: ['depth=1'] }, /found all three$/],
      [{ title: ' \n', change: ['depth=1'] }, /^expected a title with some text/],
      [{ because: '', change: ['depth=1'] }, /^expected --because with some text/],
      [{ change: ['dept=1'] }, /did you mean depth\?\), found dept/],
      [{ change: ["activation=it's"] }, /^expected /],
      [
        { change: ['learning_rate=abc'] },
        /^expected a number \(the range of learning_rate is 0\.001 to 1\), found abc; give a number, or /,
      ],
      [{ change: ['depth=1', 'activation=relu'] }, /^expected one change, found 2 \(depth=1, /],
      [{ change: ['depth=2'] }, /^expected a change, found that main has depth=2 already$/],
      [{ change: ['activation=relu'] }, /the plan’s own hypothesis “Relu is better here”/],
      [{ patch: 'gone.diff' }, /^expected a diff file, found none at .*gone\.diff$/],
      [{ patch: 'none.diff' }, /^expected a unified diff, found just words/],
      [{ patch: 'stale.diff' }, /^expected a patch that applies to main, found ideas\/stale\.diff/],
      [{ patch: 'protected.diff' }, /workspace\.editable covers, found research_plan\.yaml in/],
      [{ patch: 'attributes.diff' }, /\.gitattributes/],
      [{ patch: 'link.diff' }, /found a link or a submodule/],
    ];
    for (const [words, message] of refused) await expect(tell(words)).rejects.toThrow(message);
    expect((await autolab(lab, 'propose')).stderr).toMatch(/See autolab propose --help\.$/m);
    const words = ['It helps', '--change', 'learning_rate=abc', '--because', 'I think so'];
    const wrong = await autolab(lab, 'propose', ...words);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('found abc') as string,
    });
    expect((await readLabState(lab.root)).state.queued).toEqual([]);
  });

  test('waits, is shown at once, is the first that the next night tries, and is tried once', async () => {
    const odd = 'Depth one "is\nenough" \u001b[31m🙂';
    const said = await autolabJson<Record<string, unknown>>(
      ...([lab, 'propose', odd, '--change', 'depth=1', '--because', 'shallow is cheap'] as const),
    );
    expect(said).toMatchObject({
      ...{ status: 'queued', title: odd, line: 'depth', change: { depth: '1' } },
      ...{ when: 'next_night', night: null, applies_to_incumbent: null, remarks: [] },
    });
    const wide = await autolab(
      ...([{ ...lab, root: join(lab.root, 'ideas') }, 'propose', 'Seeds from 2'] as const),
      ...(['--patch', 'wide.diff', '--because', 'why not', '--line', 'seeds'] as const),
    );
    expect(wide).toMatchObject({ code: 0, stderr: '' });
    expect(wide.stdout).toContain('patch=ideas/wide.diff\nthe next night tries it first');
    await expect(tell({ change: ['depth=1'] })).rejects.toThrow(
      /found it waits already .*--again/s,
    );
    const queued = await autolabJson<Row[]>(lab, 'hypotheses', '--status', 'queued');
    expect(queued.map(({ id, title }) => [id, title])).toEqual([
      [null, odd],
      [null, 'Seeds from 2'],
    ]);
    expect((await autolab(lab, 'launch')).code).toBe(0);
    const after = await autolabJson<Row[]>(lab, 'hypotheses');
    expect(after.slice(0, 2)).toMatchObject([
      { id: 'H-0001', title: odd, status: 'tested', experiment: 'E-0001' },
      { id: 'H-0002', title: 'Seeds from 2', status: 'tested', experiment: 'E-0002' },
    ]);
    expect(after.filter(({ status }) => status === 'queued')).toEqual([]);
    await expect(tell({ change: ['depth=1'] })).rejects.toThrow(/found E-0001 tried it on E-0000/);
    expect(await tell({ change: ['depth=1'], again: true })).toMatchObject({
      ...{ when: 'next_night', event: { again: true } },
    });

    // A night that was cut off builds on what the patch does not fit.
    const dirs = { dir: join(lab.root, 'data/notebook'), runsDir: join(lab.root, 'experiments') };
    const notebook = await openNotebook({ ...dirs, clock });
    const { plan, base } = await readLabPlan(await openLab(lab.root));
    // As many as will have been asked for: by --again above, and with the patch below.
    const small = { ...plan, budget: { ...plan.budget, experiments: 2 } };
    const open = { night: 'N-0002', base, baseline: 'E-0000' } as const;
    await notebook.append(nightStarted(small, { ...open, settings: { depth: '2' } }));
    await notebook.append({
      ...{ type: 'incumbent_moved', night: 'N-0002', from: 'E-0000', to: 'E-0001' },
      because: 'it replicated',
    });
    await notebook.close();
    expect(await tell({ patch: 'wide.diff', again: true })).toMatchObject({
      ...{ when: 'next_launch', night: 'N-0002', incumbent: 'E-0001' },
      applies_to_incumbent: false,
      remarks: [expect.stringContaining('does not apply to E-0001, which N-0002 builds on now')],
    });
    // Its budget has room for two, and as many were asked for before.
    expect(await tell({ change: ['learning_rate=0.02'] })).toMatchObject({ when: 'next_night' });
    await expect(tell({ change: ['depth=1'], again: true })).rejects.toThrow(
      'found that E-0001 has depth=1 already',
    );

    const outside = [
      ['depth=3', 'depth=3 is none of the plan’s values (1, 2, 4): it is tried all the same'],
      ['learning_rate=7', 'learning_rate=7 is none of the plan’s values (0.001 to 1): it is t'],
    ] as const;
    for (const [change, remark] of outside)
      expect((await tell({ change: [change] })).remarks.join()).toContain(remark);
    expect((await tell({ change: ['learning_rate=0.0_3'] })).remarks).toEqual([]);

    expect(
      execFileSync('git', ['status', '--porcelain'], { cwd: lab.root, encoding: 'utf8' }),
    ).toBe('?? ideas/\n');
    expect(lab.read('train.mjs')).toBe(TRAIN);
  }, 120_000);
});
