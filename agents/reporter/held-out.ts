import { fact, say, type Sentence } from './fact.ts';
import { escaped } from './markdown.ts';
import { plain } from './numbers.ts';
import { paragraph, type Block } from './page.ts';
import { experimentOf, idOf } from './phrases.ts';
import type { NightRecord } from './records.ts';

/** What the plan held out, said of the night that looked at it. Nothing where none did. */
export function heldOut(record: NightRecord): readonly Block[] {
  if (record.held_out.length === 0) return [];
  const each = record.held_out.map((one): Sentence => {
    const experiment = experimentOf(record, one.row.experiment);
    const own = one.row.experiment === experiment.row.baseline;
    const who = own ? say`the baseline ${idOf(experiment)}` : say`${idOf(experiment)}`;
    return one.row.value === null
      ? say`none for ${who} (${fact({ ...one, runs: [] }, 'failure', (text) => escaped(text, 200))})`
      : say`${fact(one, 'value', (value) => plain(value))} for ${who}`;
  });
  const [first] = record.held_out;
  const metric = first ? fact({ ...first, runs: [] }, 'metric', (name) => escaped(name)) : '';
  const listed = each.flatMap((one, i) => (i === 0 ? one : [', ', ...one]));
  return [
    paragraph(
      say`Held out: ${metric} ${listed}. One number each, looked at once, after the claim was made: it decided nothing, no search has seen it, and a single run does not tell chance from gain.`,
    ),
  ];
}
