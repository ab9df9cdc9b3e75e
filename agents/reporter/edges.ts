import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { code } from './markdown.ts';
import { stackOf } from './phrases.ts';
import type { ExperimentRow, KnobRow, NightRecord } from './records.ts';

/** Values are compared as the plan and the script spell them: 1e-1 is 0.1. */
const ROUNDING = 1e-9;

/**
 * What a stack changed to the largest or the smallest value that the plan allows: what lies beyond
 * was never tried. Not where nothing can lie beyond: switches, and zero.
 */
export function atTheEdge(record: NightRecord, tip: Sourced<ExperimentRow>): readonly Sentence[] {
  const space = record.night.row.plan?.search_space ?? {};
  const changed = new Set(
    stackOf(record, tip.row.id).flatMap(({ row }) => Object.keys(row.change)),
  );
  return (record.settings.get(tip.row.id) ?? []).flatMap((setting) => {
    const { key, value } = setting.row;
    const end = changed.has(key) ? endOf(space[key], Number(value)) : null;
    if (end === null) return [];
    const name = fact(setting, 'key', (text) => code(text));
    const best = fact(setting, 'value', (text) => code(text, 80));
    const beyond = end === 'largest' ? 'larger' : 'smaller';
    return [
      say`Widen ${name} in the plan, if ${beyond} values make sense: it is best at ${best}, the ${end} that was allowed.`,
    ];
  });
}

function endOf(knob: KnobRow | undefined, value: number): 'largest' | 'smallest' | null {
  const allowed = knob?.range ?? knob?.values?.map(Number) ?? [];
  if (allowed.length < 2 || ![value, ...allowed].every(Number.isFinite)) return null;
  const [low, high] = [Math.min(...allowed), Math.max(...allowed)];
  const isSwitch = !knob?.range && allowed.length === 2 && low === 0 && high === 1;
  if (low === high || isSwitch) return null;
  const isAt = (end: number): boolean =>
    end !== 0 && Math.abs(value - end) <= ROUNDING * Math.abs(end);
  return isAt(high) ? 'largest' : isAt(low) ? 'smallest' : null;
}
