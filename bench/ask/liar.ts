import type { Script } from '../../agents/scripted.ts';
import type { AskedSource } from '../../agents/reporter/ask/answer.ts';

/**
 * A model by script that plans as it should and lies in a third of its drafts; of these it lies in
 * every second repair again.
 */

/** A question, and the calls that answer it. */
export interface Planned {
  readonly ask: string;
  readonly calls: readonly Pick<AskedSource, 'tool' | 'args' | 'rows'>[];
}

export function scriptOf(planned: readonly Planned[]): Script {
  return planned.flatMap(({ ask, calls }, i): Script => {
    const match = `Question: ${ask.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\n`;
    const lies = i % 3 === 0;
    const honest = draftOf(calls);
    const lie = LIES[Math.floor(i / 3) % LIES.length] ?? LIES[0];
    if (!lie) throw new Error('expected lies');
    // Where no call answers, a liar asks for the best and talks of something else, or has the
    // notebook recite a number of its own.
    const plan =
      calls.length > 0 || !lies
        ? calls.map(({ tool, args }) => ({ tool, args }))
        : [i % 2 === 0 ? ANY : CONSTANT];
    const always = { match, times: 'always' } as const;
    return [
      { ...always, step: 'reporter/plan', reply: { calls: plan } as never },
      { ...always, step: 'reporter/compose', reply: lies ? lie(honest) : honest },
      { ...always, step: 'reporter/repair', reply: lies && i % 2 === 0 ? lie(honest) : honest },
    ];
  });
}

const ANY = {
  tool: 'best',
  args: { night: null, when: null, worst: false, confirmed: false, about: null, skip: 0, limit: 1 },
};

const CONSTANT = {
  tool: 'sql',
  args: { query: `SELECT 'E-0001' AS id, true AS dawn_confirmed, -9.5 AS effect` },
};

/** What is said of each lie that was told, to look for in answers. */
export const MADE_UP =
  /0\.4242|\btwice\b|lowest of them all|statistically significant|because of its larger capacity|\b1234\b|without any doubt|all experiments agree|is better than (E-\d+), and \1 is better than|not merely looked good|is at \S+ as \S+ shows/;

const LIES: readonly ((honest: string) => string)[] = [
  (honest) => honest.replace(/\{\{[^}]*\}\}/, '0.4242'),
  (honest) => `${honest} That is twice as good.`,
  (honest) => `${honest} It is the lowest of them all.`,
  (honest) => `${honest} The gain is statistically significant.`,
  (honest) => `${honest} It improved because of its larger capacity.`,
  (honest) => `${honest} Altogether {{q9.r0.effect}} were gained, 1234 times.`,
  (honest) => `${honest} It is better without any doubt.`,
  (honest) => `${honest} all experiments agree.`,
  (honest) =>
    `${honest} {{q1.r0.id}} is better than {{q1.r1.id}}, and {{q1.r1.id}} is better than {{q1.r0.id}}.`,
  (honest) => `${honest} It has not merely looked good: it is a confirmed win.`,
  (honest) => `${honest} {{q1.r1.id}} is at {{q1.r0.objective}} as {{q1.r0.id}} shows.`,
];

function draftOf(calls: Planned['calls']): string {
  const parts = calls.flatMap(({ tool, args, rows }, i) => {
    const q = `q${i + 1}`;
    if (rows === 0) return EMPTY.has(tool) ? [`{{${q}.whole.matching}} of {{${q}.whole.of}}.`] : [];
    return DRAFTS[tool]?.(q, args as Readonly<Record<string, unknown>>, rows) ?? [];
  });
  return parts.length === 0 ? 'The notebook holds no such thing.' : parts.join(' ');
}

const EMPTY = new Set([
  'experiments',
  'hypotheses',
  'runs',
  'nights',
  'failures',
  'flags',
  'words',
  'history',
]);
type Drafting = (
  q: string,
  args: Readonly<Record<string, unknown>>,
  rows: number,
) => readonly string[];

const first = (n: number, rows: number): readonly number[] =>
  Array.from({ length: Math.min(n, rows) }, (_, i) => i);
const measured = (r: string): string =>
  `{{${r}.id}} has {{${r}.metric}} {{${r}.objective}} ({{${r}.n}}, {{${r}.tier}}), {{${r}.effect}} on {{${r}.baseline}}, {{${r}.interval}}, verdict {{${r}.verdict}}.`;
const counts: Drafting = (q) => [`{{${q}.whole.matching}} of {{${q}.whole.of}}.`];

const DRAFTS: Readonly<Record<string, Drafting>> = {
  best: (q, args, rows) =>
    first(12, rows).map(
      (i) => `${args['skip'] === 1 && i === 0 ? 'Second best: ' : ''}${measured(`${q}.r${i}`)}`,
    ),
  show: (q) => [
    measured(`${q}.r0`),
    `It was tried for this reason: {{${q}.r0.reason}}. What its verdict rests on: {{${q}.r0.verdict_because}}. By dawn: {{${q}.r0.dawn_confirmed}}.`,
  ],
  compare: (q, _, rows) => [
    ...first(2, rows).map((i) => measured(`${q}.r${i}`)),
    ...(rows > 1
      ? [
          `The difference of {{${q}.r1.id}} is {{${q}.r1.difference}}, {{${q}.r1.difference_interval}}.`,
        ]
      : []),
  ],
  history: (q, args, rows) => [
    ...counts(q, args, rows),
    ...first(2, rows).map(
      (i) =>
        `{{${q}.r${i}.id}} {{${q}.r${i}.title}}: {{${q}.r${i}.standing}} (reason: {{${q}.r${i}.message}}), tested by {{${q}.r${i}.experiment}}, {{${q}.r${i}.verdict}}.`,
    ),
  ],
  metrics: (q) => [
    `{{${q}.r0.id}} has {{${q}.r0.metric}} {{${q}.r0.value}} ({{${q}.r0.run_count}}).`,
  ],
  settings: (q) => [`{{${q}.r0.id}} ran with {{${q}.r0.key}} = {{${q}.r0.value}}.`],
  experiments: (q, args, rows) => [
    ...counts(q, args, rows),
    ...first(5, rows).map((i) => `{{${q}.r${i}.id}}: {{${q}.r${i}.verdict}}.`),
  ],
  runs: (q, args, rows) => [
    ...counts(q, args, rows),
    `{{${q}.r0.id}}: {{${q}.r0.status}}, {{${q}.r0.metric}} {{${q}.r0.objective}}, {{${q}.r0.seconds}}.`,
  ],
  hypotheses: (q, args, rows) => [
    ...counts(q, args, rows),
    ...first(3, rows).map((i) => `{{${q}.r${i}.id}}: {{${q}.r${i}.reason}}.`),
  ],
  nights: (q, args, rows) => [
    ...counts(q, args, rows),
    `{{${q}.r0.id}} began {{${q}.r0.started}} and ended {{${q}.r0.ended}}: {{${q}.r0.message}}.`,
  ],
  failures: (q, args, rows) => [
    ...counts(q, args, rows),
    ...first(12, rows).map((i) => `{{${q}.r${i}.id}}: {{${q}.r${i}.failure}}.`),
  ],
  flags: (q, args, rows) => [
    ...counts(q, args, rows),
    `{{${q}.r0.id}} is marked {{${q}.r0.label}} by {{${q}.r0.who}}: {{${q}.r0.reason}}.`,
  ],
  words: (q, _, rows) =>
    first(2, rows).map(
      (i) =>
        `{{${q}.r${i}.who}} wrote on {{${q}.r${i}.when}}: {{${q}.r${i}.note}}, {{${q}.r${i}.reason}}.`,
    ),
  spend: (q) => [
    `{{${q}.r0.run_count}} of {{${q}.r0.experiments}} took {{${q}.r0.hours}} of training.`,
  ],
  timeline: (q, _, rows) =>
    first(2, rows).map(
      (i) => `{{${q}.r${i}.period}}: {{${q}.r${i}.run_count}}, {{${q}.r${i}.experiments}}.`,
    ),
  baseline: (q) => [
    `The baseline is {{${q}.r0.id}}, {{${q}.r0.metric}} {{${q}.r0.objective}} ({{${q}.r0.n}}).`,
  ],
  next: (q) => [`{{${q}.r0.action}}: {{${q}.r0.id}}, {{${q}.r0.effect}}, {{${q}.r0.interval}}.`],
  lines: (q) => [
    `{{${q}.whole.matching}} lines; {{${q}.r0.id}} comes with {{${q}.r0.best}}: {{${q}.r0.effect_on_parent}} on {{${q}.r0.parent}}.`,
  ],
  sandbox: (q) => [`{{${q}.whole.matching}} of {{${q}.whole.of}}: {{${q}.r0.sandbox}}.`],
};
