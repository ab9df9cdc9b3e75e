import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runRow } from '../notebook/rows.ts';
import type { OwnRunId } from '../orchestrator/domain/ids.ts';
import { ownRunDir } from '../orchestrator/domain/layout.ts';
import { detailsOf, type OwnRun } from '../orchestrator/domain/own-run.ts';
import type { State } from '../orchestrator/domain/state.ts';
import type { LabPlace } from '../orchestrator/lab/place.ts';
import { planMetric } from '../orchestrator/lab/own/notice.ts';
import { ownRunIn } from '../orchestrator/lab/subject.ts';
import { failureIn } from './ends.ts';
import { bold, dim, fact, oneLine, print, printJson } from './output.ts';
import { saidInWords } from './said.ts';
import { showWords, wordsOn } from './show/words.ts';
import { showCurve } from './show/curve.ts';
import { artifactTable, paramTable, summaryTable } from './show-tables.ts';
import { duration } from './table.ts';
import { objectiveInWords } from './words.ts';

/** `autolab show R-0001`: a run of one's own as a page, or everything of it as JSON. */
export async function showOwn(
  lab: LabPlace,
  state: State,
  id: OwnRunId,
  json: boolean,
): Promise<void> {
  const run = ownRunIn(state, id);
  const folder = ownRunDir(id);
  const diff = join(lab.root, folder, 'change.diff');
  const page = await pageOf(state, run, folder, await exists(diff));
  if (!json) {
    showPage(state, run, page);
    return showCurve({ lab, state }, [{ id, name: id }], await planMetric(lab));
  }
  printJson({ ...page, diff: page.diff ? await readFile(diff, 'utf8') : '' });
}

async function pageOf(state: State, run: OwnRun, folder: string, diff: boolean) {
  const { params, summary, artifacts, logged, remarks } = detailsOf(run);
  const { directory, host, who, branch, dirty, end } = run;
  return {
    ...runRow(state, run.id),
    ...{ folder, directory, host, who, branch, dirty, diff },
    ended: end?.ended ?? null,
    ...{ params, summary: summary.map(spelt), artifacts },
    ...{ logged, remarks },
    flagged: state.flags.filter((flag) => flag.target === run.id),
    ...wordsOn(state, run.id),
  };
}

/** JSON has no word for numbers that are not finite. */
const spelt = <V extends { readonly number: number | null }>(value: V) => ({
  ...value,
  number:
    value.number === null || Number.isFinite(value.number) ? value.number : String(value.number),
});

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isFile(),
    () => false,
  );

type Page = Awaited<ReturnType<typeof pageOf>>;

function showPage(state: State, run: OwnRun, page: Page): void {
  print(`${bold(page.id)}  ${oneLine(page.name)}`);
  print(dim('a run of your own: it takes no part in what a night decides'));
  print();
  fact('status', statusOf(page));
  fact('objective', objectiveInWords(page));
  if (page.imported_from !== null)
    fact('imported', `${oneLine(page.imported_id ?? '')} of ${oneLine(page.imported_from)}`);
  for (const link of page.links) fact('link', oneLine(link));
  if (page.command !== null) fact('command', oneLine(page.command));
  if (page.directory !== null) fact('directory', oneLine(page.directory));
  fact('code', codeOf(run, page));
  fact(
    'started',
    [run.started, page.who, page.host].filter(Boolean).map(String).map(oneLine).join(', '),
  );
  if (page.seconds !== null) fact('took', duration(page.seconds));
  fact('folder', page.folder);
  // Its tags are among all tags on it, below.
  const { logged } = page;
  for (const [name, text] of saidInWords({ ...page, logged: { ...logged, tags: [] } }))
    fact(name, text);
  for (const remark of page.remarks) fact('odd', oneLine(remark));
  showWords(state, run.id);
  if (page.traceback) print(`\n${page.traceback.split('\n').map(oneLine).join('\n')}`);
  print(`\n${summaryTable(page.summary)}`);
  print(`\n${paramTable(page.params)}`);
  if (page.artifacts.length > 0) print(`\n${artifactTable(page.artifacts)}`);
}

function statusOf(page: Page): string {
  const { status, failure_message, killed_because } = page;
  const failure = failureIn(page);
  if (failure !== null) return `${failure}: ${oneLine(failure_message ?? '')}`;
  return killed_because === null ? status : `${status} (${WHY[killed_because] ?? killed_because})`;
}

const WHY: Readonly<Record<string, string>> = {
  user: 'by you',
  signal: 'by a signal',
  gone: 'its process is gone and left no word',
};

function codeOf({ commit, branch, dirty }: OwnRun, { diff, folder }: Page): string {
  if (commit === null) return 'nobody knows';
  const where = `${oneLine(commit.slice(0, 10))}${branch === null ? '' : ` on ${oneLine(branch)}`}`;
  if (dirty !== true) return where;
  return `${where}, with what was not committed${diff ? `: ${folder}/change.diff` : ''}`;
}
