import { AIMS, type Figures, type Share, type Summary } from './figures.ts';
import { RIVAL_NAMES } from './rivals.ts';

/** The figures as text for a terminal: columns under each other, words left, numbers right. */

/** What AutoLab claimed, and what its intervals say. */
export const claimsTable = (rows: readonly Figures[]): string =>
  columns([
    [
      'setting',
      'nights',
      'claimed',
      'false nights, 95 %',
      'false changes',
      'covered, 95 %',
      'of',
      'covered claims',
      'members',
      'runs',
      'ms',
    ],
    ...rows.map((row) => [
      row.setting,
      String(row.nights),
      percent(row.claimed.share),
      withInterval(row.false_nights),
      row.false_changes.of === 0 ? '–' : `${row.false_changes.hits} of ${row.false_changes.of}`,
      withInterval(row.coverage),
      String(row.coverage.of),
      percent(row.coverage_of_claims.share),
      percent(row.coverage_of_members.share),
      row.runs.toFixed(0),
      row.ms_per_night.toFixed(0),
    ]),
  ]);

/** True gain per night in noise units, and false nights, beside the rivals'. */
export const rivalsTable = (rows: readonly Figures[]): string =>
  columns([
    [
      'setting',
      'possible',
      'found',
      'claimed',
      'false',
      ...RIVAL_NAMES.flatMap((name) => [name, 'false']),
      'claimed ÷ greedy, 95 %',
    ],
    ...rows.map((row) => [
      row.setting,
      ...[row.gain.possible, row.gain.found, row.gain.claimed].map((gain) => gain.toFixed(2)),
      percent(row.false_nights.share),
      ...RIVAL_NAMES.flatMap((name) => [
        row.rivals[name].gain.toFixed(2),
        percent(row.rivals[name].false_nights.share),
      ]),
      ratio(row.of_greedy),
    ]),
  ]);

/** What is aimed at, beside what was measured. */
export function aimsTable(summary: Summary, worst: Figures | null): string {
  const { false_nights, above_aim, coverage, below_coverage } = summary;
  const none = (names: readonly string[]) => names.join(', ') || 'none';
  return columns(
    [
      ['', 'aim', 'measured, 95 %'],
      ['false nights, pooled', `≤ ${percent(AIMS.false_nights)}`, counted(false_nights)],
      ['settings with a lower bound above that', 'none', none(above_aim)],
      ...(worst
        ? [
            [
              `${worst.setting} again`,
              `upper bound ≤ ${percent(AIMS.worst_upper)}`,
              counted(worst.false_nights),
            ],
          ]
        : []),
      [
        'coverage of dawn’s intervals, claimed or not',
        `≥ ${percent(AIMS.coverage)}`,
        counted(coverage),
      ],
      ['settings with an upper bound below that', 'none', none(below_coverage)],
      [
        'true gain at 200 runs, of greedy’s',
        `≥ ${percent(AIMS.of_greedy)}`,
        ratio(summary.of_greedy_at_full_budget),
      ],
      ['settings with an upper bound below that', 'none', none(summary.below_greedy)],
      ['claims on a stack that are false', '', counted(summary.false_stacks)],
      ...RIVAL_NAMES.map((name) => [`false nights of ${name}`, '', counted(summary.rivals[name])]),
    ],
    'left',
  );
}

const percent = (share: number | null): string =>
  share === null ? '–' : `${(100 * share).toFixed(1)} %`;

const interval = (ends: readonly [number, number] | null): string =>
  ends === null ? '' : ` [${ends.map((end) => (100 * end).toFixed(1)).join(', ')}]`;

const withInterval = (share: Share): string => percent(share.share) + interval(share.interval);

const counted = (share: Share): string => `${withInterval(share)}, ${share.hits} of ${share.of}`;

const ratio = (of: Figures['of_greedy']): string =>
  of === null ? '–' : percent(of.ratio) + interval(of.interval);

function columns(rows: readonly (readonly string[])[], align: 'left' | 'right' = 'right'): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const cell = (text: string, i: number) =>
    i === 0 || align === 'left' ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0);
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
