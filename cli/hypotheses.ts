import { hypotheses, thoughtOf } from '../notebook/tables/hypotheses.ts';
import type { Queued } from '../orchestrator/domain/asked.ts';
import { changeAsData } from '../orchestrator/domain/hypothesis.ts';
import { hypothesisRow } from '../notebook/rows.ts';
import { byNumber } from '../orchestrator/domain/ids.ts';
import type { State } from '../orchestrator/domain/state.ts';
import { closedLines } from '../orchestrator/domain/words.ts';
import { readLabState } from '../orchestrator/lab/lab.ts';
import { standing } from '../orchestrator/lab/standing.ts';
import type { ListOptions } from './list.ts';
import { printList, type Shown } from './list/print.ts';
import { bold, dim, oneLine, print } from './output.ts';
import { predictionLines } from './authors.ts';

/** A row of one that no night has taken in: its id, its night and its parent come with that. */
const queuedRow = (state: State, { proposal, asked }: Queued): Row => {
  const { title, because, source, line, change } = proposal;
  return {
    ...{ id: null, night: null, title, because, source, line, change: changeAsData(change) },
    ...{ parent: null, status: 'queued', standing: 'queued', rejected_because: null },
    ...{ experiment: null, proposed: asked.at, tags: [] },
    ...thoughtOf(state, { ...proposal, experiment: null }),
  };
};

/** `autolab hypotheses`: queued, running, done and rejected ones, with the reason, by their line. */
export async function run(_args: readonly string[], options: ListOptions): Promise<number> {
  const { lab, state } = await readLabState(process.cwd());
  const { hypothesis: shown } = await standing(lab);
  const ids = [...state.hypotheses.keys()].toSorted(byNumber);
  // What a night had taken in keeps its id, and is among them.
  const queued = state.queued
    .filter(({ hypothesis }) => hypothesis === null)
    .map((one) => (): Row => queuedRow(state, one));
  const listing = {
    table: hypotheses,
    rows: [...ids.map((id) => (): Row => shown(hypothesisRow(state, id))), ...queued],
    statuses: STATUSES,
    facetsOf: (row: Row) => {
      const tested = state.experiments.get(row.experiment as 'E-0000');
      const verdict = tested?.judgement?.verdict ?? null;
      const { standing, status, night, line, tags, proposed: began } = row;
      return { statuses: [standing, status], verdict, night, line, tags, began };
    },
  };
  const grouped = options.sort === undefined;
  printList(listing, COLUMNS, options, state, (rows, lines) =>
    grouped ? byLine(state, rows, lines) : lines,
  );
  if (!options.json && !options.csv) for (const line of predictionLines(state)) print(dim(line));
  return 0;
}

type Taken = ReturnType<typeof hypothesisRow>;
type Row = Omit<Taken, 'id' | 'night' | 'parent'> & {
  readonly [Part in 'id' | 'night' | 'parent']: string | null;
};

const STATUSES = [
  ...['queued', 'running', 'done', 'rejected', 'untried'],
  ...['proposed', 'waiting', 'tested'],
];

const COLUMNS: readonly Shown<Row>[] = [
  { name: 'id', title: 'id', cell: (row) => row.id ?? '', importance: 10 },
  { name: 'standing', title: 'status', cell: (row) => row.standing, importance: 9 },
  {
    ...{ name: 'experiment', title: 'experiment', importance: 6 },
    cell: (row) => row.experiment ?? '',
  },
  { name: 'source', title: 'source', cell: (row) => row.source, importance: 3 },
  {
    ...{ name: 'tags', title: 'tags', importance: 4, unlessEmpty: true },
    cell: (row) => row.tags.join(' '),
  },
  { name: 'title', title: 'title', cell: (row) => row.title, importance: 7 },
  {
    ...{ name: 'because', title: 'why, or why not', flexible: true, importance: 8 },
    cell: (row) => row.rejected_because ?? row.because,
  },
];

/** A heading for each line of inquiry, in the order in which they came up. */
function byLine(state: State, rows: readonly Row[], lines: readonly string[]): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const [i, { line }] of rows.entries())
    groups.set(line, [...(groups.get(line) ?? []), lines[i] ?? '']);
  const closed = closedLines(state.decisions.values());
  return [...groups].flatMap(([line, own]) => {
    const decision = closed.get(line);
    const why = decision
      ? dim(` closed by ${oneLine(decision.who)}: ${oneLine(decision.text)}`)
      : '';
    return [`${bold(oneLine(line))}${why}`, ...own];
  });
}
