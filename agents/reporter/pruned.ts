import { fact, say, type Sentence, type Sourced } from './fact.ts';
import { inWords, type Stated } from './findings.ts';
import { candidatesOf } from './ideas.ts';
import { escaped } from './markdown.ts';
import { plain } from './numbers.ts';
import { item, paragraph, type Block } from './page.ts';
import { experimentOf, metricName, named } from './phrases.ts';
import type { NightRecord, RunRow } from './records.ts';

/** What was ended early for its curve, and what the audit says of that: runs that were let run on. */
export function endedEarly(record: NightRecord, { said }: Stated): readonly Block[] {
  const pruned = candidatesOf(record).filter(({ row }) => row.verdict === 'pruned');
  const audited = [...record.runs.values()].flat().filter(({ row }) => isAudited(row));
  if (pruned.length + audited.length === 0) return [];
  return [
    ...pruned.map(({ row }) => item(say`${said.get(row.id) ?? []}.`)),
    paragraph(audit(record, audited)),
    ...audited.map((run) => item(auditOf(record, run))),
  ];
}

const isAudited = ({ prune_because, killed_because }: RunRow): boolean =>
  prune_because !== null && killed_because !== 'pruned';

const WINNER = new Set<string | null>(['improved', 'promising']);

function audit(record: NightRecord, audited: readonly Sourced<RunRow>[]): Sentence {
  const lot = say`**Audit.** One in twenty of the runs that may be ended early runs on whatever its curve says`;
  if (audited.length === 0)
    return say`${lot}; of those, none would have been ended tonight, so this night cannot tell how such runs end.`;
  const lost = audited.filter(({ row }) =>
    WINNER.has(experimentOf(record, row.experiment).row.verdict),
  );
  const winners =
    lost.length === 0
      ? say`no winner was among them`
      : say`**${[...new Set(lost.map(({ row }) => row.experiment))].join(', ')} came out better all the same: \`prune\` would have lost it**`;
  return say`${lot}. These would have been ended; ${winners}:`;
}

function auditOf(record: NightRecord, run: Sourced<RunRow>): Sentence {
  const experiment = experimentOf(record, run.row.experiment);
  const why = fact(run, 'prune_because', (text) => escaped(text, 400));
  const end =
    run.row.objective === null
      ? say`it gave no number`
      : say`it came to ${metricName(record)} ${fact(run, 'objective', (value) => plain(value, record.decimals))}`;
  const verdict =
    experiment.row.verdict === null
      ? say``
      : say`, and ${named(experiment)} was judged ${fact({ ...experiment, runs: [] }, 'verdict', inWords)}`;
  return say`${fact(run, 'id', String)}: ${why}; ${end}${verdict}.`;
}
