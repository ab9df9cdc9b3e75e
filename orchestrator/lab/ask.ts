import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../domain/errors.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import { NO_MODEL, type Model } from '../domain/model.ts';
import type { NotebookView } from '../../notebook/reader.ts';
import { readNotebook } from '../../notebook/reader.ts';
import { sourcesInWords } from '../../agents/reporter/ask/answer.ts';
import { ask, BEGINNING, type Asked } from '../../agents/reporter/ask/ask.ts';
import type { MarkRequest } from '../../agents/reporter/ask/mark.ts';
import type { Contrast } from '../../agents/reporter/ask/tool.ts';
import { contrastOf } from './contrast.ts';
import { clock, openLab, readLabPlan } from './lab.ts';
import type { LabPlace } from './place.ts';
import { flag, unflag } from './marks.ts';
import { betweenNights, openModels } from './models.ts';
import { readNoticing, takeInWhatWaits } from './own/reading.ts';
import { isSubject, subject } from './subject.ts';

/** The Reporter at a lab's notebook: questions one after the other, each knowing those before it. */
export interface Conversation {
  /** Throws LabError not_found where a mark is asked for on what the lab does not have. */
  ask(question: string): Promise<Asked>;
  /** Does what was asked for, as the user's own mark. Throws LabError not_found, usage. */
  mark(request: MarkRequest): Promise<void>;
}

/** What a query may bring and take: an answer tells of little, and somebody waits for it. */
const LIMITS = { rows: 10_000, seconds: 20 };

/** `model`: by default the plan's Reporter. */
export async function converse(
  startDir: string,
  { model, remark }: { readonly model?: Model; readonly remark: (text: string) => void },
): Promise<Conversation> {
  const read = await readNoticing(startDir);
  const odd = [...read.remarks, ...(await takeInWhatWaits(read, 1))];
  odd.forEach(remark);
  const { lab } = read;
  const notebook = await readNotebook(lab.notebookDir, { limits: LIMITS });
  const reporter = model ?? (await modelIn(lab, notebook, remark));
  let context = BEGINNING;
  return {
    async ask(question) {
      const contrast = contrastIn(notebook);
      const asked = await ask(
        { notebook, model: reporter, contrast, now: clock.now() },
        question,
        context,
      );
      context = asked.context;
      if (asked.trouble !== null) remark(`answered without the model: ${asked.trouble}`);
      if (asked.mark) checkMark(notebook, asked.mark);
      return asked;
    },
    mark: (request) => carryOut(lab, notebook, request),
  };
}

/** A plan that cannot be read names no model, and what is recorded can be asked all the same. */
async function modelIn(
  { root }: LabPlace,
  { events }: Pick<NotebookView, 'events'>,
  remark: (text: string) => void,
): Promise<Model> {
  if (!existsSync(join(root, PLAN_FILE))) return NO_MODEL;
  try {
    const lab = await openLab(root);
    const { plan } = await readLabPlan(lab);
    return await openModels(lab, plan, betweenNights(events), remark);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    remark(`answered without a model: ${error.message}`);
    return NO_MODEL;
  }
}

/** The night's own statistics; null where two experiments cannot be compared. */
const contrastIn =
  (notebook: NotebookView): Contrast =>
  (a, b) => {
    const { experiments } = notebook.state;
    if (!experiments.has(a) || !experiments.has(b)) return null;
    return contrastOf(notebook.state, a, b)?.contrast ?? null;
  };

/** So that nobody is asked for a yes to what cannot be done. */
function checkMark({ state }: NotebookView, { kind, targets, label }: MarkRequest): void {
  for (const target of targets) {
    if (kind === 'flag') subject(state, target);
    else if (
      isSubject(state, target) &&
      !state.flags.some((one) => one.target === target && one.label === label)
    )
      throw new LabError(
        'not_found',
        `expected ${target} to be flagged ${label ?? ''}, found no such flag on it`,
        target,
      );
  }
}

async function carryOut(
  lab: LabPlace,
  notebook: NotebookView,
  { kind, targets, label, because }: MarkRequest,
): Promise<void> {
  await notebook.refresh();
  for (const target of targets)
    await (kind === 'flag'
      ? flag(lab, notebook.state, target, label ?? '', because)
      : unflag(lab, notebook.state, target, label ?? ''));
}

export { sourcesInWords };
export type { Asked };
