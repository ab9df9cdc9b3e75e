import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Author } from '../../agents/worker/author.ts';
import type { EventBody } from '../../orchestrator/domain/event.ts';
import { currentNight, experimentIn, runsOf } from '../../orchestrator/domain/state.ts';
import { clock } from '../../orchestrator/lab/lab.ts';
import { makeLab, type FixtureLab } from '../support/lab.ts';
import { launchHere } from '../support/launch-here.ts';

/**
 * A night in this process with git, trainings, notebook and agents as they are, and an author of
 * whom one knows what it writes.
 */

const PLAN = `project: words
question: Does it help?
objective: { metric: loss, direction: minimize, min_effect: 0.01 }
workspace: { editable: [train.mjs] }
run: { command: node train.mjs, timeout: 20s, deterministic: true }
budget: { experiments: 1, parallel: 1 }
worker: { command: an-agent }
hypotheses:
  - { title: Half the rate, because: it is high, idea: halve the rate }
`;
const TRAIN = 'const rate = 0.1;\nconsole.log("loss: " + rate);\n';
const diff = (line: string): string =>
  `--- a/train.mjs\n+++ b/train.mjs\n@@ -1,2 +1,2 @@\n-const rate = 0.1;\n+${line}\n console.log("loss: " + rate);\n`;

/** Writes a crash, and then what does not. */
function author(): Required<Author> & { readonly asked: string[] } {
  const asked: string[] = [];
  const by = (changes: string) => ({ account: { changes: [changes] }, by: 'a scripted author' });
  return {
    asked,
    write: async ({ hypothesis, order }) => {
      asked.push(
        `write ${hypothesis.id} on ${order.parent === order.base ? 'base' : order.parent}`,
      );
      return { diff: diff('const rate = halve(0.1);'), ...by('halved the rate') };
    },
    repair: async ({ order }) => {
      asked.push(
        `repair ${order.run} ${order.number}: ${/halve is not defined/.exec(order.failure.traceback ?? '')?.[0]}`,
      );
      return { diff: diff('const rate = 0.1 / 2;'), ...by('wrote out the half') };
    },
  };
}

function aLab(plan: string): FixtureLab {
  const fixture = makeLab({ 'research_plan.yaml': plan, 'train.mjs': TRAIN });
  const before = process.env['XDG_CACHE_HOME'];
  process.env['XDG_CACHE_HOME'] = join(fixture.folder, 'cache');
  onTestFinished(() => {
    if (before === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = before;
    fixture.remove();
  });
  return fixture;
}

test('an idea in the plan becomes a patch, its crash is repaired on its branch, and a kill at any of it costs nothing', async () => {
  const fixture = aLab(PLAN);
  const scripted = author();
  const first = (type: EventBody['type'], also: (body: never) => boolean = () => true) => {
    let died = false;
    return (body: EventBody): boolean => {
      if (died || body.type !== type || !also(body as never)) return false;
      died = true;
      return true;
    };
  };
  const sample = [first('hypothesis_written'), first('experiment_repaired')];
  const others = [
    first(
      'experiment_prepared',
      ({ experiment }: { experiment: string }) => experiment !== 'E-0000',
    ),
    first('run_started', ({ attempt }: { attempt: number }) => attempt === 2),
  ];
  const deaths = process.env['FULL'] ? [...sample, ...others] : sample;
  let state = null;
  let launches = 0;
  for (; state === null && launches < 8; launches++)
    state = await launchHere(fixture, {
      author: scripted,
      dies: (body) => deaths.some((dies) => dies(body)),
    });
  if (state === null) throw new Error('the night did not end');
  expect(launches).toBe(deaths.length + 1);

  const [experiment] = [...state.experiments.values()].slice(1);
  if (!experiment?.commit) throw new Error('expected a branch');
  expect(experiment).toMatchObject({
    title: 'Half the rate',
    repairs: [{ number: 1, run: 'E-0001.1', attempt: 1, failure: { class: 'idea' } }],
  });
  expect(experiment.judgement?.verdict).toBe('improved');
  expect(fixture.git(['rev-parse', 'autolab/E-0001']).trim()).toBe(experiment.commit);
  expect(fixture.git(['show', `${experiment.commit}:train.mjs`])).toContain('0.1 / 2');
  expect(fixture.git(['log', '-1', '--format=%B', experiment.commit])).toMatch(
    /Change: halve the rate\nWritten by: a scripted author\nRepairs: 1\n/,
  );
  // The crash keeps its result under the commit that crashed.
  const [run] = runsOf(state, 'E-0001');
  expect(run).toMatchObject({ attempt: 2, result: { objective: 0.05, commit: experiment.commit } });
  const old = join(fixture.root, 'experiments/E-0001/runs/1/attempts/1/result.json');
  expect(JSON.parse(await readFile(old, 'utf8'))).toMatchObject({
    ...{ status: 'failed', commit: experiment.repairs?.[0]?.before.commit },
  });
  expect(experimentIn(state, 'E-0001').unrepaired).toBeUndefined();
  // Asked again after a kill, the author is asked the same.
  expect(new Set(scripted.asked)).toEqual(
    new Set(['write H-0001 on base', 'repair E-0001.1 1: halve is not defined']),
  );
  const page = await readFile(join(fixture.root, 'experiments/E-0001/FINDINGS.md'), 'utf8');
  expect(page).toContain('## Repairs');
  expect(page).toContain('+const rate = halve(0.1);');
}, 60_000);

test.runIf(process.env['FULL'])(
  'an author who is at work when the night is told to drain is waited for, and asked once',
  async () => {
    const fixture = aLab(PLAN);
    const drain = new AbortController();
    const scripted = author();
    const slow: Author = {
      ...scripted,
      write: async (brief, ...rest) => {
        drain.abort('a test');
        await sleep(300);
        return scripted.write(brief, ...rest);
      },
    };
    const drained = await launchHere(fixture, { author: slow, drain: drain.signal });
    expect(drained && currentNight(drained)).toMatchObject({ stopping: 'drain', ended: null });
    const state = await launchHere(fixture, { author: scripted });
    expect(state && experimentIn(state, 'E-0001').title).toBe('Half the rate');
    expect(scripted.asked.filter((one) => one.startsWith('write'))).toHaveLength(1);
  },
  60_000,
);

test('an author who never answers holds up neither the slots nor the end of the night', async () => {
  const knob = `search_space: { rate: { file: train.mjs, match: 'const rate = {value};', values: [0.1, 0.05] } }
`;
  const less = '  - { title: Less, change: { rate: 0.05 } }\n';
  const few = PLAN.replace('experiments: 1', 'experiments: 4, runs: 4');
  let ended: unknown = null;
  const silent: Author = {
    write: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () =>
          reject(new Error((ended = signal.reason) as string)),
        );
      }),
  };
  const state = await launchHere(aLab(few + less + knob), { author: silent });
  expect(state?.nights.get('N-0001')?.ended?.reason).toBe('runs_spent');
  expect(state?.experiments.get('E-0001')).toMatchObject({
    title: 'Less',
    judgement: { verdict: 'improved' },
  });
  expect(state?.hypotheses.get('H-0001')).toMatchObject({
    change: { kind: 'idea' },
    status: 'proposed',
  });
  expect(ended).toBe('fenced');
}, 60_000);

/** Runs four times as fast as the real one. */
const hurried = {
  now: clock.now,
  monotonic: () => 4 * clock.monotonic(),
  asleep: clock.asleep,
};

describe('a drain while the queue’s server is away', () => {
  test('does not wait for an author that has not been asked', async () => {
    const fixture = aLab(PLAN);
    const drain = new AbortController();
    const state = await launchHere(fixture, {
      ...{ author: author(), clock: hurried, drain: drain.signal },
      lost: ({ id }) => {
        if (id.startsWith('write-')) drain.abort('a test');
        return id.startsWith('write-');
      },
    });
    expect(state && currentNight(state)).toMatchObject({ stopping: 'drain', ended: null });
  }, 60_000);

  test.runIf(process.env['FULL'])(
    'ends a night that has ended without its last report, which the next launch writes',
    async () => {
      const fixture = aLab(PLAN);
      const drain = new AbortController();
      let ended = false;
      const state = await launchHere(fixture, {
        ...{ author: author(), clock: hurried, drain: drain.signal },
        dies: ({ type }) => {
          ended ||= type === 'night_ended';
          return false;
        },
        lost: ({ id }) => {
          const isLast = ended && id.startsWith('report-');
          if (isLast) drain.abort('a test');
          return isLast;
        },
      });
      const night = state && currentNight(state);
      expect(night?.ended).not.toBeNull();
      expect(night?.reported).toBeLessThan(night?.revision ?? 0);
      const after = await launchHere(fixture, { author: author() });
      expect(after && currentNight(after)).toMatchObject({
        id: 'N-0001',
        reported: night?.revision,
      });
    },
    60_000,
  );
});
