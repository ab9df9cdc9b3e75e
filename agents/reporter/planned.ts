import {
  plannedWork,
  type PlannedExperiment,
  type PlannedWork,
} from '../../orchestrator/domain/planned-work.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import { fact, joined, say, type Sentence, type Sourced } from './fact.ts';
import { escaped } from './markdown.ts';
import { duration } from './numbers.ts';
import type { Stated } from './findings.ts';
import { heading, item, paragraph, runRanges, type Block } from './page.ts';
import { becauseOf, nameOf, outcomeOf } from './planned-page.ts';
import type { ExperimentRow, NightRecord } from './records.ts';

/** The section of FINDINGS.md on what the plan asks for beside the search. */

export function plannedSection(record: NightRecord, { going }: Stated): readonly Block[] {
  const plan = record.night.row.plan as Plan | null;
  const all =
    plan === null ? [] : plannedWork(plan as { experiments?: readonly PlannedExperiment[] });
  const rows = [...record.planned.values()];
  const own = rows.filter(({ row }) => row.night === record.night.row.id);
  if (plan === null || all.length + own.length === 0) return [];
  const begun = new Set(own.map(({ row }) => row.planned));
  const rest = all.filter(({ name }) => !begun.has(name));
  return [
    heading(2, say`Experiments of the plan`),
    paragraph(
      say`Work that the plan asks for beside the search. It is judged by its own criteria, and compared with nothing.`,
    ),
    ...tableOf(record, own),
    ...rest.map((work) => {
      const earlier = rows.find(
        ({ row }) => row.planned === work.name && row.night !== record.night.row.id,
      );
      return item(earlier ? standing(work, earlier) : notRun(record, work, going));
    }),
  ];
}

function tableOf(record: NightRecord, own: readonly Sourced<ExperimentRow>[]): readonly Block[] {
  if (own.length === 0) return [];
  const header = ['experiment', 'name', 'outcome', 'why', 'took', 'run'].map(
    (text) => say`${text}`,
  );
  const rows = own.map((one): readonly Sentence[] => {
    const run = record.runs.get(one.row.id)?.at(-1);
    const told = one.row.outcome !== null;
    const link = fact({ ...one, runs: [] }, 'id', (id) =>
      told ? `[${id}](experiments/${id}/FINDINGS.md)` : id,
    );
    return [
      [link],
      nameOf(one),
      told ? outcomeOf(one) : say`under way`,
      told ? becauseOf(one, 160) : say`—`,
      run ? [fact(run, 'seconds', duration)] : say`—`,
      run ? [fact(run, 'id', (id) => runRanges([id]))] : say`—`,
    ];
  });
  return [{ kind: 'table', header, numbers: [4], rows }];
}

/** Equal work under the same conditions is not done twice: the notebook says what stands. */
const standing = (work: PlannedWork, earlier: Sourced<ExperimentRow>): Sentence => {
  const plainly = { ...earlier, runs: [] };
  const [id, night] = [fact(plainly, 'id', String), fact(plainly, 'night', String)];
  return say`${nameOf(earlier)} was not repeated: ${id} of night ${night} ran the same on the same base, data and machine, and came out ${outcomeOf(earlier)} (${becauseOf(earlier, 160)}).`;
};

function notRun(
  record: NightRecord,
  { name, needs, experiment: { timeout } }: PlannedWork,
  going: boolean,
): Sentence {
  const said = (text: string): Sentence => [fact(record.night, 'plan', () => escaped(text))];
  const wanted = joined(
    needs.map((need) => {
      const one = [...record.planned.values()].findLast(({ row }) => row.planned === need);
      return one && one.row.outcome !== null ? say`${said(need)} (${outcomeOf(one)})` : said(need);
    }),
    ', ',
  );
  if (going)
    return needs.length === 0
      ? say`${said(name)} waits.`
      : say`${said(name)} waits; it needs ${wanted}.`;
  const broke =
    timeout === undefined
      ? say`the budget had no run for it`
      : say`the budget had no run of up to ${[fact(record.night, 'plan', () => duration(timeout))]}, its timeout, beside dawn’s share`;
  const why =
    needs.length === 0
      ? broke
      : say`it needs ${wanted}, which did not come about in time, or ${broke}`;
  return say`${said(name)} was not run: ${why}. The next night begins it once it can.`;
}
