import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { holderOf } from '../notebook/lock.ts';
import { openQuestions } from '../notebook/questions.ts';
import { experimentRow, hypothesisRow, runRow } from '../notebook/rows.ts';
import { LabError } from '../orchestrator/domain/errors.ts';
import { changeInWords } from '../orchestrator/domain/hypothesis.ts';
import {
  experimentOf,
  isExperimentId,
  isHypothesisId,
  isNightId,
  isOwnRunId,
  isRunId,
  type ExperimentId,
  type RunId,
  type Subject,
} from '../orchestrator/domain/ids.ts';
import { attemptDir, experimentDir } from '../orchestrator/domain/layout.ts';
import {
  ancestors,
  experimentIn,
  runsOf,
  type Rerun,
  type State,
} from '../orchestrator/domain/state.ts';
import { trainsOtherwise } from '../orchestrator/domain/variant.ts';
import { readNoticing, takeInWhatWaits, type OwnReading } from '../orchestrator/lab/own/reading.ts';
import { standing, type Standing } from '../orchestrator/lab/standing.ts';
import { subject } from '../orchestrator/lab/subject.ts';
import type { Experiment, Judgement } from '../orchestrator/domain/experiment.ts';
import type { RunResult } from '../orchestrator/domain/run.ts';
import { bold, dim, fact, oneLine, print, printJson, remark, yellow } from './output.ts';
import { checkpointInWords, saidInWords } from './said.ts';
import { repairLines, thoughtFacts } from './authors.ts';
import { showCurve } from './show/curve.ts';
import { knownAmong, showKnown } from './show/known-error.ts';
import { paintDiff } from './show/diff.ts';
import { hypothesisPage, showHypothesis } from './show/hypothesis.ts';
import { nightPage, showNight } from './show/night.ts';
import { showWords, wordsOn } from './show/words.ts';
import { showOwn } from './show-own.ts';
import { artifactTable, paramTable, summaryTable } from './show-tables.ts';
import { duration, short, table } from './table.ts';
import {
  dawnInWords,
  dawnTraining,
  decimalsOf,
  effectInWords,
  endIn,
  fixed,
  funnelInWords,
  heldOutInWords,
  limitInWords,
  plannedFacts,
  testInWords,
  worthInWords,
} from './words.ts';

/** `autolab show ID`: a page of what has that id, or everything of it as JSON. */
export async function run(
  [id = '']: readonly string[],
  { json, samples, why }: { json?: boolean; samples?: boolean; why?: boolean },
): Promise<number> {
  const { lab, state, remarks } = await readNoticing(process.cwd());
  remarks.forEach(remark);
  const target = subject(state, id);
  if (samples) return showSamples({ lab, state }, target, json === true);
  if (why) {
    const { showWhy } = await import('./show/why.ts');
    return showWhy(lab, target, json === true);
  }
  const now = await standing(lab);
  if (isOwnRunId(target)) await showOwn(lab, state, target, json === true);
  else if (isExperimentId(target)) {
    const diff = await readFile(join(lab.root, experimentDir(target), 'change.diff'), 'utf8').catch(
      () => '',
    );
    if (json) printJson(experimentPage(state, target, diff, now));
    else {
      showExperiment(state, target, diff, now);
      await showCurve(lab, curvesOf(state, target), metricOf(state, target));
    }
  } else if (isHypothesisId(target)) {
    if (json) printJson(hypothesisPage(state, target, now));
    else showHypothesis(state, target, now);
  } else if (isNightId(target)) {
    if (json) printJson(nightPage(state, target));
    else showNight(state, target);
  } else if (json) printJson(runPage(state, target, now));
  else {
    showRun(state, target, now);
    await showCurve(lab, [{ id: target, name: target }], metricOf(state, experimentOf(target)));
  }
  return 0;
}

async function showSamples(
  read: Pick<OwnReading, 'lab' | 'state'>,
  target: Subject,
  json: boolean,
): Promise<number> {
  const { lab } = read;
  if (!isRunId(target) && !isOwnRunId(target))
    throw new LabError('usage', `expected a run, such as E-0007.2 or R-0001, found ${target}`);
  const { printSamples, remarkOn, samplesOf } = await import('./show/samples.ts');
  (await takeInWhatWaits(read, 1)).forEach(remark);
  const notebook = openQuestions(lab.notebookDir, { runsDir: lab.experimentsDir });
  const rows = await samplesOf(notebook, target);
  notebook.warnings.forEach(remark);
  remarkOn(rows, rows.length === 0 && (await holderOf(lab.notebookDir)) !== null);
  if (json) printJson({ run: target, samples: rows });
  else printSamples(rows, ['task', 'sample_id', 'target', 'prediction', 'metrics', 'input']);
  return 0;
}

/** Its first run that finished, beside the baseline's on the same seed. */
function curvesOf(state: State, id: ExperimentId) {
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

const metricOf = (state: State, id: ExperimentId): string | null =>
  state.nights.get(experimentIn(state, id).night)?.plan.objective.metric ?? null;

const experimentPage = (state: State, id: ExperimentId, diff: string, now: Standing) => ({
  ...now.experiment(experimentRow(state, id)),
  diff,
  runs: experimentIn(state, id).runs.map((run) => now.run(runRow(state, run))),
  known_errors: knownAmong(runsOf(state, id)),
  flagged: state.flags.filter((flag) => flag.target === id),
  promoted: state.promotions.filter((promotion) => promotion.experiment === id),
  reruns: state.reruns.filter((rerun) => experimentOf(rerun.run) === id),
  ...wordsOn(state, id),
});

function runPage(state: State, id: RunId, now: Standing) {
  const { result, attempt } = state.runs.get(id) ?? { result: null, attempt: 1 };
  return {
    ...now.run(runRow(state, id)),
    folder: attemptDir(id, attempt),
    environment: result?.environment ?? null,
    params: result?.params ?? [],
    summary: result?.summary ?? [],
    artifacts: result?.artifacts ?? [],
    logged: result?.logged ?? null,
    known_error: result ? (knownAmong([{ result }])[0] ?? null) : null,
    spans: result?.spans ?? [],
    flagged: state.flags.filter((flag) => flag.target === id),
    reruns: state.reruns.filter((rerun) => rerun.run === id),
    ...wordsOn(state, id),
  };
}

function showExperiment(state: State, id: ExperimentId, diff: string, now: Standing): void {
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
    const decimals = decimalsOf(contrast?.interval ?? null);
    const each = (value: number) => fixed(value, decimals);
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

function showRun(state: State, id: RunId, now: Standing): void {
  const page = runPage(state, id, now);
  print(`${bold(id)}  ${oneLine(page.name)}`);
  print();
  fact(
    'status',
    page.failure ? `${page.failure}: ${oneLine(page.failure_message ?? '')}` : endOf(page),
  );
  if (page.prune_because)
    fact(page.killed_because === 'pruned' ? 'because' : 'audit', oneLine(page.prune_because));
  fact('objective', `${short(page.objective)} (${page.tier ?? 'not measured'})`);
  fact('seed', String(page.seed ?? 'none'));
  fact('took', duration(page.seconds));
  fact('folder', page.folder);
  if (page.environment) {
    const { hard, words } = page.environment;
    const soft = Object.entries(words).map(([name, value]) => `${name} ${oneLine(value)}`);
    fact('environment', `${hard} (compared within it alone); ${soft.join(', ')}`);
  }
  for (const rerun of page.reruns) fact('rerun', rerunInWords(rerun));
  const result = state.runs.get(id)?.result;
  for (const [name, text] of saidInWords(result ?? {})) fact(name, text);
  showWords(state, id);
  const traceback = result?.failure?.traceback;
  if (traceback) print(`\n${traceback.split('\n').map(oneLine).join('\n')}`);
  if (page.known_error) showKnown(page.known_error);
  print(`\n${summaryTable(page.summary)}`);
  print(`\n${paramTable(page.params)}`);
  if (page.artifacts.length > 0) print(`\n${artifactTable(page.artifacts)}`);
}

/** `killed (pruned)`; of a run that would have been, that it ran on. */
function endOf({ status, killed_because, prune_audited }: ReturnType<typeof runPage>): string {
  if (killed_because !== null) return `${status} (${killed_because})`;
  return prune_audited ? `${status}, though prune would have ended it early: an audit` : status;
}

/** `E-0007.2: the same number, 1.302 (2 differences in its environment; ada, 2026-11-21)` */
function rerunInWords({ run, same, objective, differences, who, at }: Rerun): string {
  const came = objective === null ? 'no number' : same ? 'the same number' : 'a different number';
  const number = objective === null ? '' : `, ${short(objective)}`;
  const n = differences.length;
  const changed = n === 0 ? '' : `${n} difference${n === 1 ? '' : 's'} in its environment; `;
  const again = objective === null && same ? 'failed the same way' : `${came}${number}`;
  return `${run}: ${again} (${changed}${oneLine(who)}, ${at.slice(0, 10)})`;
}
