import { fact, say, type Sentence } from './fact.ts';
import { inWords } from './findings.ts';
import { groupBy } from './groups.ts';
import { escaped } from './markdown.ts';
import { item, paragraph, type Block } from './page.ts';
import { experimentOf, listed, named } from './phrases.ts';
import type { NightRecord } from './records.ts';

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
  if (record.failures.length === 0) return [paragraph(say`Nothing failed.`)];
  const classes = groupBy(record.failures, ({ row }) => row.class);
  return [...classes].map(([name, failures]) => {
    const examples = failures.map((failure): Sentence => {
      const experiment = experimentOf(record, failure.row.id);
      const message = fact(failure, 'message', (text) =>
        escaped(text, failures.length > 3 ? 60 : 140),
      );
      return say`${named(experiment)} (${message})`;
    });
    return item(
      say`**${escaped(inWords(name))}** — ${CLASSES[name] ?? 'ended before its time'}: ${listed(examples)}.`,
    );
  });
}
