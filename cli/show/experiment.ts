import { experimentRow, hypothesisRow, runRow } from '../../notebook/rows.ts';
import type { Experiment, Judgement } from '../../orchestrator/domain/experiment.ts';
import { changeInWords } from '../../orchestrator/domain/hypothesis.ts';
import { experimentOf, type ExperimentId } from '../../orchestrator/domain/ids.ts';
import type { RunResult } from '../../orchestrator/domain/run.ts';
import { ancestors, experimentIn, runsOf, type State } from '../../orchestrator/domain/state.ts';
import { trainsOtherwise } from '../../orchestrator/domain/variant.ts';
import type { Standing } from '../../orchestrator/lab/standing.ts';
import { repairLines, thoughtFacts } from '../authors.ts';
import { endIn } from '../ends.ts';
import { bold, dim, fact, oneLine, print, yellow } from '../output.ts';
import { checkpointInWords } from '../said.ts';
import { duration, short, table } from '../table.ts';
import {
  dawnInWords,
  dawnTraining,
  decimalsOfValues,
  effectInWords,
  fixed,
  funnelInWords,
  heldOutInWords,
  limitInWords,
  plannedFacts,
  rerunInWords,
  testInWords,
  worthInWords,
} from '../words.ts';
import { paintDiff } from './diff.ts';
import { knownAmong, showKnown } from './known-error.ts';
import { showWords, wordsOn } from './words.ts';

/** The page of an experiment. */

export const experimentPage = (state: State, id: ExperimentId, diff: string, now: Standing) => ({
  ...now.experiment(experimentRow(state, id)),
  diff,
  runs: experimentIn(state, id).runs.map((run) => now.run(runRow(state, run))),
  known_errors: knownAmong(runsOf(state, id)),
  flagged: state.flags.filter((flag) => flag.target === id),
  promoted: state.promotions.filter((promotion) => promotion.experiment === id),
  reruns: state.reruns.filter((rerun) => experimentOf(rerun.run) === id),
  ...wordsOn(state, id),
});

export function showExperiment(state: State, id: ExperimentId, diff: string, now: Standing): void {
  const experiment = experimentIn(state, id);
  const row = experimentRow(state, id);
  const { judgement, planned } = experiment;
  print(`${bold(id)}  ${oneLine(experiment.title)}`);
  print(dim(oneLine(experiment.because)));
  print();
  fact('source', `${experiment.source}, line ${experiment.line}, night ${experiment.night}`);
  fact('change', oneLine(changeInWords(experiment.change)));
  if (experiment.hypothesis !== null)
    for (const [name, words] of thoughtFacts(hypothesisRow(state, experiment.hypothesis)))
      fact(name, words);
  for (const line of repairLines(experiment)) fact('repair', line);
  if (planned) for (const [name, words] of plannedFacts(experiment, planned)) fact(name, words);
  else {
    fact('parent', lineageOf(state, experiment));
    fact('branch', experiment.branch ?? 'none yet');
  }
  if (experiment.reapplies)
    fact('again', `the change of ${experiment.reapplies}, on ${experiment.parent}`);
  for (const later of state.experiments.values())
    if (later.reapplies === id) fact('again', `on ${later.parent} as ${later.id}`);
  if (experiment.without) fact('dawn’s arm', `the confirmed stack without ${experiment.without}`);
  if (!planned)
    fact(
      'verdict',
      judgement ? `${judgement.verdict}: ${oneLine(judgement.because)}` : 'not judged',
    );
  showConfidence(row);
  if (!planned)
    fact(
      'objective',
      row.objective === null
        ? 'not measured'
        : `${short(row.objective)}${row.spread === null ? '' : `, standard deviation ${short(row.spread)}`}, n ${row.n}`,
    );
  if (judgement) showContrasts(state, id, judgement);
  for (const limit of judgement?.limits ?? planned?.outcome?.limits ?? [])
    fact(limit.of, limitInWords(limit));
  for (const rerun of state.reruns.filter(({ run }) => experimentOf(run) === id))
    fact('rerun', rerunInWords(rerun));
  showWords(state, id, experiment.line);
  for (const known of knownAmong(runsOf(state, id))) showKnown(known);
  print();
  print(
    table(
      [
        { title: 'run', cell: (each) => each.id },
        { title: 'purpose', cell: (each) => each.purpose },
        { title: 'seed', cell: (each) => String(each.seed ?? ''), right: true },
        {
          title: 'status',
          cell: (each) => each.result?.failure?.class ?? endIn(now.run(runRow(state, each.id))),
        },
        { title: 'objective', cell: (each) => short(each.result?.objective), right: true },
        { title: 'took', cell: (each) => duration(each.result?.seconds), right: true },
        { title: '', cell: (each) => noteOn(each.result), flexible: true },
      ],
      runsOf(state, id),
    ),
  );
  if (planned?.notes) print(`\n${planned.notes.text.split('\n').map(oneLine).join('\n')}`);
  if (diff.trim() !== '') print(`\n${paintDiff(diff)}`);
}

/** What it stands on, nearest first, and what was built on it. */
function lineageOf(state: State, { id, parent, baseline }: Experiment): string {
  const onIt = [...state.experiments.values()].filter((one) => one.parent === id);
  const built = onIt.length === 0 ? '' : `; built on by ${onIt.map((one) => one.id).join(', ')}`;
  if (parent === null) return `none: a baseline${built}`;
  const below = parent === baseline ? '' : `, on ${ancestors(state, parent).join(', on ')}`;
  return `${parent}${below}${built}`;
}

/** What is odd about how a run ended, or else what is best of it. */
function noteOn(result: RunResult | null): string {
  const { failure = null, pruning } = result ?? {};
  if (failure !== null) return failure.message;
  const checkpoint = result && checkpointInWords(result);
  if (!pruning) return checkpoint ? `best checkpoint ${checkpoint}` : '';
  return oneLine(pruning.audited ? `would have been pruned: ${pruning.because}` : pruning.because);
}

function showConfidence(row: ReturnType<typeof experimentRow>): void {
  if (row.confidence === null) return;
  fact('confidence', `${row.confidence}: ${row.confidence_because}`);
  if (row.borderline) fact('', yellow('borderline: a human should review it'));
}

/** What was measured, against what, on how many runs; dawn's word with all that it rests on. */
function showContrasts(state: State, id: ExperimentId, judgement: Judgement): void {
  const experiment = experimentIn(state, id);
  const { on_baseline, on_parent, dawn, verdict } = judgement;
  const { parent, baseline } = experiment;
  const n = `n ${experimentRow(state, id).n} against ${experimentRow(state, baseline).n}`;
  const apart = dawn !== null && trainsOtherwise(state.nights.get(experiment.night)?.plan ?? {});
  const when = apart ? ', of the night’s training' : '';
  if (on_baseline) fact('on baseline', `${effectInWords(on_baseline)} (${n}${when})`);
  if (on_parent && parent !== baseline)
    fact('on parent', `${effectInWords(on_parent)} (at night, on ${parent})`);
  const worth = worthInWords(state, experiment);
  if (dawn) {
    const { values, test, on_baseline: contrast } = dawn;
    const each = (value: number) => fixed(value, decimalsOfValues(values ?? [], contrast));
    fact('at dawn', bold(`${dawnInWords(state, experiment.night, dawn)}: ${verdict}`));
    if (values) fact('', `${testInWords(test)}; its seeds gave ${values.map(each).join(', ')}`);
    const { plan } = state.nights.get(experiment.night) ?? {};
    const longer = plan && dawnTraining(plan);
    if (longer) fact('', `${oneLine(longer)}; no number of the night is among these`);
    const deterministic = plan?.run.deterministic;
    const claims = 'a night like this claims falsely less than one time in twenty; ';
    const held = judgement.verdict === 'improved' ? heldOutInWords(state, experiment.night) : null;
    if (held) fact('held out', held);
    fact('', dim(`${deterministic ? '' : claims}${funnelInWords(state, experiment.night)}`));
  }
  if (worth !== null) fact('worth', worth);
}

/** Its first run that finished, beside the baseline's on the same seed. */
export function curvesOf(state: State, id: ExperimentId) {
  const { baseline } = experimentIn(state, id);
  const first =
    runsOf(state, id).find(({ status }) => status === 'finished') ?? runsOf(state, id)[0];
  if (!first) return [];
  const beside = runsOf(state, baseline).find(
    ({ id: run, seed, status }) => run !== first.id && seed === first.seed && status === 'finished',
  );
  return [
    { id: first.id, name: first.id },
    ...(beside ? [{ id: beside.id, name: `${beside.id}, the baseline` }] : []),
  ];
}

export const metricOf = (state: State, id: ExperimentId): string | null =>
  state.nights.get(experimentIn(state, id).night)?.plan.objective.metric ?? null;
