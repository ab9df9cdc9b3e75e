import type { ExperimentId } from '../../orchestrator/domain/ids.ts';
import { authorship, repairs } from './authors.ts';
import { concernsOf, nextStep } from './concerns.ts';
import { criteriaOf, type Criterion } from './criteria.ts';
import { confidenceIn } from './answers.ts';
import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { knownOf } from './failures.ts';
import { inWords, type Stated } from './findings.ts';
import { groupBy } from './groups.ts';
import { testsAnIdea } from './ideas.ts';
import { code, escaped, tail } from './markdown.ts';
import { bytes, decimalsFor, decimalsOfArm, duration, plain } from './numbers.ts';
import { heading, item, page, paragraph, runRanges, type Block, type Page } from './page.ts';
import {
  atDawn,
  changeOf,
  experimentOf,
  idOf,
  listed,
  meanWithSpread,
  metricName,
  named,
  onParent,
  titleOf,
} from './phrases.ts';
import { WALL_SECONDS } from './queries.ts';
import type { ArtifactRow, ExperimentRow, MetricRow, NightRecord, RunRow } from './records.ts';
import { unexpectedOf } from './unexpected.ts';
import { wordsOn } from './words.ts';

/** experiments/E-0007/FINDINGS.md: one experiment, from why it was tried to what to do next. */
export function experimentPage(record: NightRecord, stated: Stated, id: ExperimentId): Page {
  const experiment = experimentOf(record, id);
  const isBaseline = id === experiment.row.baseline;
  const isIdea = testsAnIdea(experiment);
  const said = stated.said.get(id);
  return page(`experiments/${id}/FINDINGS.md`, [
    heading(
      1,
      isBaseline
        ? say`${idOf(experiment)}: the baseline`
        : say`${idOf(experiment)}: ${titleOf(experiment)}`,
    ),
    paragraph(said ? say`**${said}.**` : standing(record, id)),
    ...confidenceIn(resting(record, experiment)),
    ...(isBaseline
      ? []
      : [
          ...hypothesis(experiment),
          ...authorship(record, experiment),
          ...changed(record, experiment),
          ...repairs(experiment),
        ]),
    ...metricsAndCriteria(record, experiment),
    ...section('What was unexpected', isIdea ? orNothing(unexpectedOf(record, experiment)) : []),
    ...section('Concerns', isIdea ? orNothing(concernsOf(record, experiment)) : []),
    ...section('Next step', isIdea ? [paragraph(nextStep(record, experiment))] : []),
    ...yourWordsOn(record, experiment),
    ...runsAndFiles(record, id),
  ]);
}

/** What was measured, and what was asked of it. */
export const metricsAndCriteria = (
  record: NightRecord,
  experiment: Sourced<ExperimentRow>,
): readonly Block[] => [
  heading(2, say`Metrics`),
  ...metricsTable(record, experiment),
  ...section(
    'Criteria',
    criteriaOf(record, experiment.row.id).map((one) =>
      item(criterionLine(record, experiment, one)),
    ),
  ),
];

/** What was said of it. */
export const yourWordsOn = (
  record: NightRecord,
  experiment: Sourced<ExperimentRow>,
): readonly Block[] => section('Your words', wordsOn(record, experiment));

/** What it rests on: runs, how they failed, what they left. */
export const runsAndFiles = (record: NightRecord, id: ExperimentId): readonly Block[] => [
  ...section('Runs', runsTable(record, id)),
  ...tracebacks(record, id),
  ...knownErrors(record, id),
  ...section('Artifacts', artifacts(record, id)),
];

const section = (title: string, blocks: readonly Block[]): readonly Block[] =>
  blocks.length === 0 ? [] : [heading(2, say`${title}`), ...blocks];

const orNothing = (sentences: readonly Sentence[]): readonly Block[] =>
  sentences.length === 0 ? [paragraph(say`Nothing.`)] : sentences.map((one) => item(say`${one}.`));

/** A verdict rests on dawn's runs where there are any, else on the night's. */
const resting = (record: NightRecord, experiment: Sourced<ExperimentRow>) =>
  experiment.row.dawn_confirmed === null
    ? onParent(record, experiment)
    : atDawn(record, experiment);

function standing(record: NightRecord, id: ExperimentId): Sentence {
  const arm = record.arms.get(id);
  return arm
    ? say`**${metricName(record)} ${meanWithSpread(arm, record.decimals)}.**`
    : record.dawn.has(id)
      ? say`It was trained at dawn only, which trained otherwise than the night.`
      : say`No run of it has given a usable ${metricName(record)}.`;
}

function hypothesis(experiment: Sourced<ExperimentRow>): readonly Block[] {
  const plainly = { ...experiment, runs: [] };
  const sources: Readonly<Record<string, string>> = {
    yours: 'your plan',
    search_space: 'the search space of the plan',
    incumbent: 'an earlier night’s best, offered again',
    attribution: 'dawn, to tell what one change of the confirmed stack is worth',
    paper: 'a paper',
    model: 'a model',
  };
  const because = fact(plainly, 'because', (text) => escaped(text, 600));
  const source = fact(plainly, 'source', (name) => sources[name] ?? escaped(name));
  const line = fact(plainly, 'line', (name) => escaped(name));
  const label =
    experiment.row.hypothesis === null ? say`` : say`${fact(plainly, 'hypothesis', String)}, `;
  return [
    heading(2, say`Hypothesis`),
    paragraph(say`${because}`),
    paragraph(say`${label}from ${source}; line of inquiry: ${line}.`),
  ];
}

/** Old and new value of each knob; a patch is pointed to. */
function changed(record: NightRecord, experiment: Sourced<ExperimentRow>): readonly Block[] {
  const { id, parent, change } = experiment.row;
  const settings = (of: ExperimentId | null) => (of === null ? undefined : record.settings.get(of));
  const on = parent === null ? say`` : say` on ${named(experimentOf(record, parent))}`;
  const knobs = Object.keys(change).flatMap((knob): Sentence[] => {
    const before = settings(parent)?.find(({ row }) => row.key === knob);
    const now = settings(id)?.find(({ row }) => row.key === knob);
    if (!before || !now) return [];
    const value = (one: typeof now) => fact(one, 'value', (literal) => code(literal, 80));
    return [say`${fact(now, 'key', (name) => code(name))}: ${value(before)} → ${value(now)}`];
  });
  const what = knobs.length > 0 ? listed(knobs) : say`${changeOf(experiment)}`;
  return [
    heading(2, say`What was changed`),
    paragraph(say`${what}${on}. The whole diff: [change.diff](change.diff).`),
  ];
}

function metricsTable(record: NightRecord, experiment: Sourced<ExperimentRow>): readonly Block[] {
  const { id, parent, baseline } = experiment.row;
  const columns = [...new Set([id, parent ?? baseline, baseline])];
  const found = (of: ExperimentId, key: string) =>
    record.metrics.get(of)?.find(({ row }) => row.key === key);
  const keys = (record.metrics.get(id) ?? []).map(({ row }) => row.key);
  if (keys.length === 0) return [paragraph(say`No run finished with a number.`)];
  const objectiveFirst = keys.toSorted(
    (a, b) => Number(b === record.objective.metric) - Number(a === record.objective.metric),
  );
  const rows = objectiveFirst.map((key): readonly Sentence[] => {
    const scale = columns.map((of) => found(of, key)?.row.spread).find((spread) => spread);
    const decimals = scale ? decimalsFor(scale) : undefined;
    return [
      [
        fact({ ...(found(id, key) as Sourced<MetricRow>), runs: [] }, 'key', (name) =>
          escaped(name, 60),
        ),
      ],
      ...columns.map((of) => metricCell(found(of, key), decimals)),
    ];
  });
  const header = columns.map((of): Sentence => {
    const role =
      of === id && experiment.row.planned
        ? ''
        : of === baseline
          ? 'baseline '
          : of === id
            ? ''
            : 'parent ';
    const arm = record.metrics.get(of)?.find(({ row }) => row.key === WALL_SECONDS);
    return say`${role}${idOf(experimentOf(record, of))}${arm ? say` (${fact(arm, 'runs', runRanges)})` : say``}`;
  });
  return [
    paragraph(say`Means over finished runs ± standard deviation between them.`),
    {
      kind: 'table',
      header: [say`metric`, ...header],
      numbers: columns.map((_, i) => i + 1),
      rows,
    },
  ];
}

function metricCell(
  metric: Sourced<MetricRow> | undefined,
  decimals: number | undefined,
): Sentence {
  if (!metric) return say`—`;
  const mean = fact(metric, 'mean', (value) => plain(value, decimals));
  return metric.row.spread === null || metric.row.spread === 0
    ? [mean]
    : say`${mean} ± ${fact(metric, 'spread', (value) => plain(value, decimals))}`;
}

function criterionLine(
  record: NightRecord,
  experiment: Sourced<ExperimentRow>,
  criterion: Criterion,
): Sentence {
  const asked = {
    constraint: 'constraint',
    plan: 'criterion of the plan',
    hypothesis: 'criterion of the hypothesis',
  }[criterion.of];
  const limit = (word: string, bound: number | undefined): Sentence[] =>
    bound === undefined ? [] : [say`${word} ${fact(record.night, 'plan', () => plain(bound))}`];
  const limits = listed([...limit('at least', criterion.min), ...limit('at most', criterion.max)]);
  const name = fact(record.night, 'plan', () => escaped(criterion.metric));
  const { interval } = criterion;
  const range = interval
    ? say` (95 % interval ${fact(experiment, 'limits', () => `${plain(interval[0])} to ${plain(interval[1])}`)})`
    : [];
  const found = criterion.measured
    ? say`found ${fact(criterion.measured, 'mean', (value) => plain(value))}${range}`
    : say`no run reported it`;
  return say`**${inWords(criterion.status)}**: ${name} ${limits} (${asked}), ${found}`;
}

function runsTable(record: NightRecord, id: ExperimentId): readonly Block[] {
  const runs = record.runs.get(id) ?? [];
  if (runs.length === 0) return [];
  const arm = record.arms.get(id);
  const decimals = arm ? decimalsOfArm(arm.row, record.decimals) : record.decimals;
  const rows = runs.map((run): readonly Sentence[] => [
    [fact(run, 'id', String)],
    [fact(run, 'seed', String)],
    [fact(run, 'purpose', (purpose) => escaped(purpose))],
    outcomeOf(run),
    [fact(run, 'objective', (value) => plain(value, decimals))],
    [fact(run, 'seconds', duration)],
  ]);
  const header = [say`run`, say`seed`, say`for`, say`outcome`, [metricName(record)], say`took`];
  return [{ kind: 'table', header, numbers: [1, 4, 5], rows }];
}

function outcomeOf(run: Sourced<RunRow>): Sentence {
  const { failure, killed_because, prune_because } = run.row;
  if (failure !== null)
    return say`${fact(run, 'failure', inWords)}: ${fact(run, 'failure_message', (text) => escaped(text))}`;
  if (killed_because === 'pruned') return [fact(run, 'killed_because', String)];
  const status = fact(run, 'status', (text) => escaped(text));
  return prune_because === null ? [status] : say`${status}, in the audit of pruning`;
}

function tracebacks(record: NightRecord, id: ExperimentId): readonly Block[] {
  return (record.runs.get(id) ?? [])
    .filter(({ row }) => row.traceback)
    .slice(0, 2)
    .flatMap((run): Block[] => [
      paragraph(say`The end of what ${fact(run, 'id', String)} said:`),
      {
        kind: 'verbatim',
        language: 'text',
        text: [fact(run, 'traceback', (text) => tail(text, 25))],
      },
    ]);
}

/** What is known of how they failed, each error once. */
function knownErrors(record: NightRecord, id: ExperimentId): readonly Block[] {
  const found = (record.runs.get(id) ?? []).flatMap((run) => {
    const known = knownOf(run);
    return known ? [{ ...known, run }] : [];
  });
  return [...groupBy(found, ({ known }) => known.id).values()].flatMap((same) =>
    same
      .slice(0, 1)
      .map(({ words, run }) =>
        paragraph(say`Known error, in ${fact(run, 'id', String)}: ${words}`),
      ),
  );
}

/** `model:v3 at step 1000, the best checkpoint`; empty where no logger saved it. */
function savedAs(one: Sourced<ArtifactRow>): Sentence {
  const { saved_as, step, best } = one.row;
  if (saved_as === null) return [];
  const name = say`${fact(one, 'saved_as', (text) => code(text ?? ''))} v${fact(one, 'version', String)}`;
  const at = step === null ? name : say`${name} at step ${fact(one, 'step', String)}`;
  return best ? say`${at}, the ${fact(one, 'best', () => 'best checkpoint')}` : at;
}

function artifacts(record: NightRecord, id: ExperimentId): readonly Block[] {
  const found = record.artifacts.get(id) ?? [];
  if (found.length === 0) return [];
  const logged = found.some(({ row }) => row.saved_as !== null);
  const rows = found.map((one): readonly Sentence[] => [
    [fact(one, 'name', (name) => code(name))],
    [fact(one, 'run_id', String)],
    [fact(one, 'bytes', bytes)],
    [fact(one, 'sha256', (hash) => code(`${hash.slice(0, 16)}…`))],
    ...(logged ? [savedAs(one)] : []),
  ]);
  const header = [say`file`, say`run`, say`size`, say`hash`, ...(logged ? [say`saved as`] : [])];
  return [{ kind: 'table', header, numbers: [2], rows }];
}
