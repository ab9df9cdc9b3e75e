import { runRow } from '../../notebook/rows.ts';
import type { RunId } from '../../orchestrator/domain/ids.ts';
import { attemptDir } from '../../orchestrator/domain/layout.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import type { Standing } from '../../orchestrator/lab/standing.ts';
import { bold, fact, oneLine, print } from '../output.ts';
import { saidInWords } from '../said.ts';
import { artifactTable, paramTable, summaryTable } from '../show-tables.ts';
import { duration } from '../table.ts';
import { objectiveInWords, rerunInWords } from '../words.ts';
import { asItStands } from './diff.ts';
import { knownAmong, showKnown } from './known-error.ts';
import { showWords, wordsOn } from './words.ts';

/** The page of a run of a night. */

export function runPage(state: State, id: RunId, now: Standing) {
  const { result, attempt } = state.runs.get(id) ?? { result: null, attempt: 1 };
  return {
    ...now.run(runRow(state, id)),
    folder: attemptDir(id, attempt),
    environment: result?.environment ?? null,
    params: result?.params ?? [],
    summary: result?.summary ?? [],
    artifacts: result?.artifacts ?? [],
    logged: result?.logged ?? null,
    known_error: result ? (knownAmong([{ result }])[0] ?? null) : null,
    spans: result?.spans ?? [],
    flagged: state.flags.filter((flag) => flag.target === id),
    reruns: state.reruns.filter((rerun) => rerun.run === id),
    ...wordsOn(state, id),
  };
}

export function showRun(state: State, id: RunId, now: Standing): void {
  const page = runPage(state, id, now);
  print(`${bold(id)}  ${oneLine(page.name)}`);
  print();
  fact(
    'status',
    page.failure ? `${page.failure}: ${oneLine(page.failure_message ?? '')}` : endOf(page),
  );
  if (page.prune_because)
    fact(page.killed_because === 'pruned' ? 'because' : 'audit', oneLine(page.prune_because));
  fact('objective', objectiveInWords(page));
  fact('seed', String(page.seed ?? 'none'));
  fact('took', duration(page.seconds));
  fact('folder', page.folder);
  if (page.environment) {
    const { hard, words } = page.environment;
    const soft = Object.entries(words).map(([name, value]) => `${name} ${oneLine(value)}`);
    fact('environment', `${hard} (compared within it alone); ${soft.join(', ')}`);
  }
  for (const rerun of page.reruns) fact('rerun', rerunInWords(rerun));
  const result = state.runs.get(id)?.result;
  for (const [name, text] of saidInWords(result ?? {})) fact(name, text);
  showWords(state, id);
  const traceback = result?.failure?.traceback;
  if (traceback) print(`\n${traceback.split('\n').map(asItStands).join('\n')}`);
  if (page.known_error) showKnown(page.known_error);
  print(`\n${summaryTable(page.summary)}`);
  print(`\n${paramTable(page.params)}`);
  if (page.artifacts.length > 0) print(`\n${artifactTable(page.artifacts)}`);
}

/** `killed (pruned)`; of a run that would have been, that it ran on. */
function endOf({ status, killed_because, prune_audited }: ReturnType<typeof runPage>): string {
  if (killed_because !== null) return `${status} (${killed_because})`;
  return prune_audited ? `${status}, though prune would have ended it early: an audit` : status;
}
