import type { Stated } from './findings.ts';
import { experimentPage } from './experiment-page.ts';
import type { Page } from './page.ts';
import { plannedPage, withPlanned } from './planned-page.ts';
import { progressSvg } from './progress.ts';
import { projectPage } from './project-page.ts';
import type { NightRecord } from './records.ts';
import { resultsYaml } from './results.ts';

/**
 * Every document of a night: the project's findings and picture, and a page and a results.yaml
 * for the baseline and each experiment that was judged, or that is work of the plan's own.
 */
export function compose(
  record: NightRecord,
  stated: Stated,
): readonly Pick<Page, 'path' | 'text'>[] {
  return [
    ...pagesOf(record, stated),
    { path: 'experiments/progress.svg', text: progressSvg(record) },
    ...told(record).map((id) => ({
      path: `experiments/${id}/results.yaml`,
      text: resultsYaml(record, stated, id),
    })),
    ...toldOfPlan(record).flatMap(({ row: { id, notes } }) => [
      {
        path: `experiments/${id}/results.yaml`,
        text: resultsYaml(withPlanned(record), stated, id),
      },
      ...(notes === null ? [] : [{ path: `experiments/${id}/notes.md`, text: notes }]),
    ]),
  ];
}

/** The Markdown ones, with the facts that they are made of. */
export const pagesOf = (record: NightRecord, stated: Stated): readonly Page[] => [
  projectPage(record, stated),
  ...told(record).map((id) => experimentPage(record, stated, id)),
  ...toldOfPlan(record).map((one) => plannedPage(record, one)),
];

/** This night's: those of earlier ones have their pages. */
const toldOfPlan = ({ planned, night }: NightRecord) =>
  [...planned.values()].filter(({ row }) => row.night === night.row.id && row.outcome !== null);

const told = ({ experiments }: NightRecord) =>
  [...experiments.values()]
    .filter(({ row }) => row.verdict !== null || row.id === row.baseline)
    .map(({ row }) => row.id);
