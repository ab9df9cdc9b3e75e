import { say, type Sentence } from '../../fact.ts';
import { at, type Intent } from '../intent.ts';
import { cell, experimentLine, gainOf, has, leavesZeroOut, valueOf } from '../told.ts';
import type { FactRow } from '../tool.ts';
import { experimentIn, missing } from './one.ts';

/** Which of two is better, as far as the night's statistics can say. */

export const compare: Intent = {
  name: 'compare',
  like: 'Compare E-0003 with E-0007. Is E-0003 better than E-0007?',
  needs: 2,
  when: ({ said, experiments, nights }) =>
    experiments.length > 1 ||
    (nights.length < 2 &&
      /\b(?:compare|compared|comparison|versus|vs|difference between|differ|better than|worse than)\b/.test(
        said,
      ) &&
      !/\bbase ?line\b/.test(said) &&
      !/\b(?:today|yesterday|week)\b/.test(said)),
  calls: ({ experiments: [a = '', b = ''] }) => [
    { tool: 'compare', args: { a: experimentIn(a), b: experimentIn(b) } },
  ],
  tells(found, { experiments: [a = '', b = ''] }) {
    const { rows } = at(found, 0);
    const [x, y] = [a, b].map((id) => rows.find((row) => valueOf(row, 'id') === experimentIn(id)));
    if (!x || !y) return [...(x ? [] : missing(a)), ...(y ? [] : missing(b))];
    return [experimentLine(x), experimentLine(y), differenceOf(x, y)];
  },
};

function differenceOf(x: FactRow, y: FactRow): Sentence {
  const between = say`${cell(y, 'id')} minus ${cell(x, 'id')}`;
  if (!has(y, 'difference'))
    return say`${between}: not compared, since they lack numbers or were measured against different baselines.`;
  const gain = gainOf(y, 'difference') ?? 0;
  const better = gain > 0 ? y : x;
  const out = leavesZeroOut(y, 'difference_interval');
  const end =
    out === null
      ? say`how much of it is chance is not known`
      : out
        ? say`${cell(better, 'id')} is the better one of the two by this interval; only fresh seeds confirm`
        : say`the interval holds zero, so that neither is shown to be better than the other`;
  const interval = has(y, 'difference_interval') ? say`, ${cell(y, 'difference_interval')}` : say``;
  return say`${between}: ${cell(y, 'difference')}${interval}; ${end}.`;
}
