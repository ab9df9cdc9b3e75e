import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { holderOf } from '../notebook/lock.ts';
import { openQuestions } from '../notebook/questions.ts';
import { LabError } from '../orchestrator/domain/errors.ts';
import {
  experimentOf,
  isExperimentId,
  isHypothesisId,
  isNightId,
  isOwnRunId,
  isRunId,
  type Subject,
} from '../orchestrator/domain/ids.ts';
import { experimentDir } from '../orchestrator/domain/layout.ts';
import { readNoticing, takeInWhatWaits, type OwnReading } from '../orchestrator/lab/own/reading.ts';
import { standing } from '../orchestrator/lab/standing.ts';
import { subject } from '../orchestrator/lab/subject.ts';
import { printJson, remark } from './output.ts';
import { showCurve } from './show/curve.ts';
import { curvesOf, experimentPage, metricOf, showExperiment } from './show/experiment.ts';
import { hypothesisPage, showHypothesis } from './show/hypothesis.ts';
import { nightPage, showNight } from './show/night.ts';
import { runPage, showRun } from './show/run.ts';
import { showOwn } from './show-own.ts';

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
      await showCurve({ lab, state }, curvesOf(state, target), metricOf(state, target));
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
    await showCurve(
      { lab, state },
      [{ id: target, name: target }],
      metricOf(state, experimentOf(target)),
    );
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
