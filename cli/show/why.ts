import type { Called } from '../../orchestrator/domain/call.ts';
import { LabError } from '../../orchestrator/domain/errors.ts';
import { isExperimentId, isHypothesisId, type Subject } from '../../orchestrator/domain/ids.ts';
import type { LabPlace } from '../../orchestrator/lab/place.ts';
import { whyOf, type TracedCall } from '../../orchestrator/lab/why.ts';
import { bold, dim, fact, oneLine, print, printJson } from '../output.ts';
import { tokensInWords, usdInWords } from '../spend.ts';
import { duration } from '../table.ts';
import { counted } from '../words.ts';
import { asItStands } from './diff.ts';

/** `autolab show ID --why`: who thought of it, and what models were asked and said on its way. */
export async function showWhy(lab: LabPlace, target: Subject, json: boolean): Promise<number> {
  if (!isExperimentId(target) && !isHypothesisId(target))
    throw new LabError(
      'usage',
      `expected an experiment or a hypothesis, such as E-0007 or H-0012, found ${target}`,
    );
  const why = await whyOf(lab, target);
  if (json) {
    printJson(why);
    return 0;
  }
  const { hypothesis, calls } = why;
  print(`${bold(target)}  ${oneLine(hypothesis?.title ?? 'no hypothesis: nothing was changed')}`);
  if (hypothesis) {
    const { id, source, by, link, because, idea, refuted_by, expected } = hypothesis;
    fact('thought of', `${by === undefined ? source : `${oneLine(by)} (${source})`}, as ${id}`);
    fact('because', oneLine(because));
    if (link !== undefined) fact('source', oneLine(link));
    if (idea !== undefined) fact('idea', oneLine(idea));
    if (expected) fact('expected', expected.effect === null ? 'no size' : String(expected.effect));
    if (refuted_by !== undefined) fact('refuted by', oneLine(refuted_by));
  }
  fact('models', calls.length === 0 ? 'none was asked' : counted(calls.length, 'call'));
  for (const call of calls) showCall(call);
  return 0;
}

/** Of a long text its end says more than its middle. */
const MOST_LINES = 40;

function showCall(call: TracedCall): void {
  const { role, step, model, started, system, messages, reply, file } = call;
  print(`\n${bold(`${role}/${step}`)}  ${oneLine(model)}  ${dim(started)}`);
  fact('came to', spentOn(call));
  if (call.message !== null) fact('because', oneLine(call.message));
  if (system !== null) showText('told', system);
  for (const one of messages) showText(one.role === 'user' ? 'asked' : 'had said', one.content);
  if (reply !== null) showText('said', reply);
  if (file !== null) fact('kept in', file);
}

function spentOn({ outcome, seconds, tokens, estimated, usd, requests }: Called): string {
  const tries = requests > 1 ? `, ${requests} requests` : '';
  const price = usd === null ? 'price unknown' : usdInWords(usd);
  const size = `${estimated ? 'about ' : ''}${tokensInWords(tokens)}`;
  return `${outcome.replaceAll('_', ' ')} after ${duration(seconds)}${tries}: ${size}, ${price}`;
}

function showText(name: string, text: string): void {
  const lines = text.trimEnd().split('\n');
  const left = lines.length - MOST_LINES;
  const shown =
    left > 0
      ? [...lines.slice(0, 10), `… ${left} lines left out …`, ...lines.slice(10 + left)]
      : lines;
  for (const [i, line] of shown.entries()) fact(i === 0 ? name : '', asItStands(line));
}
