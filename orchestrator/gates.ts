import type { Gate } from './domain/plan-gates.ts';
import type { ExperimentId } from './domain/ids.ts';
import { gainOf } from './domain/objective.ts';
import { searchRunsOf, type Night, type State } from './domain/state.ts';
import { inShort, judgedOf, searched } from './enough.ts';
import { baselineIsMeasured } from './replicate.ts';
import { searchAttempts } from './search-attempts.ts';
import { mean } from './statistics/compare.ts';

/**
 * The plan's gates: each is reached once, and the search goes on only where what it requires holds
 * of the best so far, which is what the search builds on. Pure.
 */

/** A gate that is reached and not decided; `number` counts from 1, in the plan's order. */
export interface DueGate {
  readonly number: number;
  readonly gate: Gate;
}

/** `seconds`: that the night has worked. No gate is reached before the baseline is measured. */
export function dueGate(state: State, night: Night, seconds: number): DueGate | null {
  if (night.gates.some((gate) => !gate.passed) || night.plan.gates.length === 0) return null;
  const decided = new Set(night.gates.map((gate) => gate.gate));
  const at = night.plan.gates.findIndex(
    (gate, i) => !decided.has(i + 1) && isReached(state, night, gate, seconds),
  );
  const gate = night.plan.gates[at];
  return gate && baselineIsMeasured(state, night) ? { number: at + 1, gate } : null;
}

function isReached(state: State, night: Night, { after }: Gate, seconds: number): boolean {
  const { meaning } = after;
  if (meaning.kind === 'seconds') return seconds >= meaning.seconds;
  // What the plan has done besides says nothing of how far the search has come.
  if (meaning.kind === 'runs') return searchAttempts(state, night) >= meaning.count;
  return judgedOf(state, night.tried) >= meaning.count;
}

/** Whether the best so far is what the gate requires, and a sentence that says so. */
export function judgeGate(
  state: State,
  night: Night,
  { number, gate }: DueGate,
): { readonly passed: boolean; readonly because: string } {
  const { passed, found } = holds(state, night, gate);
  const which = `gate ${number} (after ${gate.after.text}: ${gate.require.text})`;
  return { passed, because: `${which} ${passed ? 'was passed' : 'closed'}: ${found}` };
}

function holds(state: State, night: Night, { require }: Gate): { passed: boolean; found: string } {
  const { incumbent, baseline } = night;
  const { meaning } = require;
  if (incumbent === null || baseline === null) return { passed: false, found: 'nothing was run' };
  if (meaning.kind === 'improves')
    return improves(state, night, incumbent, baseline, meaning.by, meaning.relative);
  const { metric, op, value } = meaning;
  const best = incumbent === baseline ? `the baseline ${baseline}` : `the best, ${incumbent},`;
  const measured = valueOf(state, night, incumbent, metric);
  if (measured === null) return { passed: false, found: `${best} printed no ${metric}` };
  return {
    passed: COMPARE[op](measured.mean, value),
    found: `${best} has ${metric} ${inShort(measured.mean)}, the mean of ${runs(measured.n)}`,
  };
}

function improves(
  state: State,
  night: Night,
  best: ExperimentId,
  baseline: ExperimentId,
  by: number,
  relative: boolean,
): { passed: boolean; found: string } {
  const [own, base] = [searched(state, best), searched(state, baseline)];
  if (best === baseline || own === null || base === null)
    return { passed: false, found: `nothing better than the baseline ${baseline} was found` };
  const gain = gainOf(night.plan.objective, own.mean - base.mean);
  const size = relative ? `${inShort((100 * gain) / Math.abs(base.mean))}%` : inShort(gain);
  const numbers = `${inShort(own.mean)} on ${runs(own.n)}, the baseline ${inShort(base.mean)}`;
  return {
    passed: gain > 0 && gain >= by * (relative ? Math.abs(base.mean) : 1),
    found: `the best, ${best}, improves the baseline by ${size} (${numbers})`,
  };
}

/** The mean of a metric over the runs of an experiment; of the objective as it is judged. */
function valueOf(
  state: State,
  night: Night,
  id: ExperimentId,
  metric: string,
): { readonly n: number; readonly mean: number } | null {
  if (metric === night.plan.objective.metric) return searched(state, id);
  const values = searchRunsOf(state, id).flatMap(({ result }) => {
    const number = result?.summary.find(({ key }) => key === metric)?.number ?? null;
    return result?.status === 'finished' && number !== null ? [number] : [];
  });
  return values.length === 0 ? null : { n: values.length, mean: mean(values) };
}

const COMPARE = {
  '<=': (a: number, b: number) => a <= b,
  '<': (a: number, b: number) => a < b,
  '>=': (a: number, b: number) => a >= b,
  '>': (a: number, b: number) => a > b,
} as const;

const runs = (n: number): string => (n === 1 ? '1 run' : `${n} runs`);
