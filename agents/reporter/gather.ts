import type { z } from 'zod';
import {
  runNumber,
  type ExperimentId,
  type NightId,
  type RunId,
} from '../../orchestrator/domain/ids.ts';
import type { NotebookReader } from '../../orchestrator/domain/ports.ts';
import type { Source, Sourced } from './fact.ts';
import { groupBy } from './groups.ts';
import { decimalsFor } from './numbers.ts';
import { queriesOf } from './queries.ts';
import * as rows from './records.ts';
import type { ArmRow, DawnRow, ExperimentRow, NightRecord } from './records.ts';

/** Asks a query and checks each row. Throws where the notebook's tables are not what we know. */
export async function ask<T extends z.ZodType>(
  notebook: NotebookReader,
  source: Source,
  row: T,
): Promise<readonly Sourced<z.output<T>>[]> {
  const found = await notebook.query(source.sql);
  return found.rows.map((cells) => {
    const parsed = row.safeParse(cells);
    if (!parsed.success)
      throw new Error(
        `query ${source.name}: unexpected row ${JSON.stringify(cells)}: ${parsed.error.message}`,
      );
    return { source, runs: runsNamedIn(parsed.data), row: parsed.data };
  });
}

/** A row's own runs, in their order: what it lists, the run it is about. */
function runsNamedIn(row: unknown): readonly RunId[] {
  const { runs, run_id } = row as { runs?: readonly RunId[]; run_id?: RunId };
  if (runs === undefined) return run_id === undefined ? [] : [run_id];
  return runs.toSorted((a, b) => runNumber(a) - runNumber(b));
}

/** Everything the notebook knows of a night, by a fixed number of queries. Throws where there is no such night. */
export async function gather(
  notebook: NotebookReader,
  id: NightId,
  command = 'autolab',
): Promise<NightRecord> {
  const queries = queriesOf(id);
  const of = <T extends z.ZodType>(name: keyof typeof queries, row: T) =>
    ask(notebook, queries[name], row);
  const nights = await of('nights', rows.nightRow);
  const night = nights.find(({ row }) => row.id === id);
  if (!night) throw new Error(`expected night ${id} in the notebook, found none`);
  const arms = only(await of('arms', rows.armRow));
  const dawn = only(await of('dawn', rows.dawnRow));
  const { metric, direction, min_effect } = night.row;
  return {
    command,
    night,
    earlier: nights.slice(0, nights.indexOf(night)),
    objective: { metric, direction, min_effect },
    decimals: meaningfulDecimals(arms, night.row.baseline),
    experiments: withRuns(await of('experiments', rows.experimentRow), arms),
    planned: new Map((await of('planned', rows.experimentRow)).map((one) => [one.row.id, one])),
    ended: (await of('ended', rows.endedRow))[0],
    ...{ arms, dawn },
    runs: grouped((await of('runs', rows.runRow)).map((one) => ({ ...one, runs: [one.row.id] }))),
    failures: await of('failures', rows.failureRow),
    repaired: await of('repaired', rows.repairedRow),
    hypotheses: await of('hypotheses', rows.hypothesesRow),
    predictions: await of('predictions', rows.predictionRow),
    slots: (await of('slots', rows.slotsRow))[0],
    sandboxes: (await of('sandboxes', rows.sandboxesRow))[0],
    pauses: (await of('pauses', rows.pausesRow))[0],
    calls: await of('calls', rows.callsRow),
    without: await of('without', rows.withoutRow),
    counts: (await of('counts', rows.countsRow))[0],
    metrics: grouped(await of('metrics', rows.metricRow)),
    curves: grouped(await of('curves', rows.curveRow)),
    settings: grouped(await of('settings', rows.settingRow)),
    artifacts: grouped(await of('artifacts', rows.artifactRow)),
    held_out: await of('holdouts', rows.holdoutRow),
    flags: grouped(await of('flags', rows.flagRow)),
    notes: await of('notes', rows.noteRow),
    decisions: await of('decisions', rows.decisionRow),
    tags: grouped(await of('tags', rows.tagsRow)),
  };
}

type OfExperiment = { readonly experiment: ExperimentId };

const only = <T extends OfExperiment>(found: readonly Sourced<T>[]) =>
  new Map(found.map((one) => [one.row.experiment, one]));

const grouped = <T extends OfExperiment>(found: readonly Sourced<T>[]) =>
  groupBy(found, ({ row }) => row.experiment);

/** An effect rests on the runs of both sides, which its row does not list. */
const withRuns = (
  found: readonly Sourced<ExperimentRow>[],
  arms: ReadonlyMap<ExperimentId, Sourced<ArmRow>>,
): NightRecord['experiments'] =>
  new Map(
    found.map((one) => {
      const { id, baseline } = one.row;
      const sides = id === baseline ? [id] : [id, baseline];
      return [id, { ...one, runs: sides.flatMap((side) => arms.get(side)?.runs ?? []) }];
    }),
  );

/** From the baseline's spread, or the first one that was measured. */
function meaningfulDecimals(
  arms: ReadonlyMap<ExperimentId, Sourced<ArmRow>>,
  baseline: ExperimentId | null,
): number | undefined {
  const own = baseline === null ? undefined : arms.get(baseline);
  const spread = [own, ...arms.values()].map((arm) => arm?.row.spread).find((found) => found);
  return spread === undefined || spread === null ? undefined : decimalsFor(spread);
}

/** The same cells, said of other runs: dawn's columns rest on dawn's. */
export const restingOn = <T>(
  from: Sourced<T>,
  ...arms: (Sourced<ArmRow | DawnRow> | undefined)[]
): Sourced<T> => ({
  ...from,
  runs: arms.flatMap((arm) => arm?.runs ?? []),
});
