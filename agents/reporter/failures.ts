import { knownError } from '../../orchestrator/domain/known-errors.ts';
import { fact, say, type Fact, type Sentence, type Sourced } from './fact.ts';
import { inWords } from './findings.ts';
import { groupBy } from './groups.ts';
import { escaped } from './markdown.ts';
import { item, paragraph, type Block } from './page.ts';
import { experimentOf, idOf, listed, named } from './phrases.ts';
import type { NightRecord, RunRow } from './records.ts';

/** What a class of failure says about the idea. */
const CLASSES: Readonly<Record<string, string>> = {
  idea: 'the change itself broke the script',
  infrastructure: 'the machine’s fault, which says nothing about the idea',
  timeout: 'out of time, which says nothing about longer runs',
  out_of_memory: 'out of memory on this machine',
  not_a_number: 'training diverged',
  no_metric: 'the script ended without printing the objective',
  invalid: 'broke a constraint, or touched what it may not',
};

/** Failures by class, so that what speaks about an idea is told from what does not. */
export function whatFailed(record: NightRecord): readonly Block[] {
  const repaired = whatWasRepaired(record);
  if (record.failures.length === 0)
    return [
      paragraph(repaired.length === 0 ? say`Nothing failed.` : say`Nothing failed in the end.`),
      ...repaired,
    ];
  const classes = groupBy(record.failures, ({ row }) => row.class);
  const failed = [...classes].flatMap(([name, failures]) => {
    const examples = failures.map((failure): Sentence => {
      const experiment = experimentOf(record, failure.row.id);
      const message = fact(failure, 'message', (text) =>
        escaped(text, failures.length > 3 ? 60 : 140),
      );
      return say`${named(experiment)} (${message})`;
    });
    return [
      item(
        say`**${escaped(inWords(name))}** — ${CLASSES[name] ?? 'ended before its time'}: ${listed(examples)}.`,
      ),
      ...knownAmong(record, failures),
    ];
  });
  return [...failed, ...repaired];
}

/** What crashed first, and was measured as a repaired patch. */
function whatWasRepaired(record: NightRecord): readonly Block[] {
  const [first] = record.repaired;
  if (!first) return [];
  const each = record.repaired.map((one): Sentence => {
    const message = fact(one, 'message', (text) => escaped(text, 140));
    return say`${named(experimentOf(record, one.row.id))} (${message})`;
  });
  const patches = fact({ ...first, runs: [] }, 'n', (n) =>
    n === 1 ? 'One patch' : `${n} patches`,
  );
  return [item(say`**repaired** — ${patches} crashed, and ran once repaired: ${listed(each)}.`)];
}

/** Each known error once, with the experiments that met it. */
function knownAmong(record: NightRecord, failures: NightRecord['failures']): readonly Block[] {
  const met = failures.flatMap(({ row }) => {
    const run = (record.runs.get(row.id) ?? []).find((one) => knownOf(one) !== null);
    const known = run && knownOf(run);
    return known ? [{ ...known, id: row.id }] : [];
  });
  return [...groupBy(met, ({ known }) => known.id).values()].flatMap((same): Block[] => {
    const names = same.map(({ id }) => say`${idOf(experimentOf(record, id))}`);
    return same
      .slice(0, 1)
      .map(({ words }) => item(say`Known error, in ${listed(names)}: ${words}`));
  });
}

/** The known error that a run's last words speak of, and what is to be done about it. */
export function knownOf(run: Sourced<RunRow>) {
  const { failure_message, traceback } = run.row;
  if (failure_message === null) return null;
  const known = knownError({ message: failure_message, traceback: traceback ?? undefined });
  if (known === null) return null;
  // Their digits (float32, a status) belong to the message that they explain.
  const words: Fact = fact(run, 'failure_message', () =>
    escaped(`${known.cause} ${known.fix}`, 400),
  );
  return { known, words };
}
