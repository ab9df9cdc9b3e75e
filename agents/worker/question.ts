import type { Hypothesis } from '../../orchestrator/domain/hypothesis.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';
import { dataBlock } from '../data-block.ts';

/** What the Worker's questions are made of. Text of others stands in data blocks, cut to size. */

/** Values of the system prompts: the plan's own words. */
export const rulesOf = ({ workspace, objective }: Plan): Readonly<Record<string, string>> => ({
  editable: workspace.editable
    .map((path) => (workspace.directory === '.' ? path : `${workspace.directory}/${path}`))
    .join(', '),
  metric: objective.metric,
});

export function hypothesisInWords({ title, because, idea, change }: Hypothesis): string {
  const what = idea ?? (change.kind === 'idea' ? change.text : '');
  return dataBlock('hypothesis', [title, what, `Because: ${because}`].join('\n'), 6000);
}

export const settingsInWords = (settings: Readonly<Record<string, string>>): string =>
  dataBlock(
    'settings',
    Object.entries(settings)
      .map(([knob, value]) => `${knob} = ${value}`)
      .join('\n'),
    4000,
  );

/** Characters that all files may have together. */
const MOST_CHARACTERS = 200_000;

/** The files whole, first those that `about` names, as many as there is room for; the rest by name. */
export function filesInWords(files: ReadonlyMap<string, string>, about: string): string {
  const isNamed = (path: string): boolean => about.includes(path.split('/').at(-1) ?? path);
  const inOrder = [...files].toSorted(
    ([a, one], [b, other]) =>
      Number(isNamed(b)) - Number(isNamed(a)) || one.length - other.length || (a < b ? -1 : 1),
  );
  let room = MOST_CHARACTERS;
  const shown: string[] = [];
  const left: string[] = [];
  for (const [path, text] of inOrder) {
    if (text.length > room) left.push(path);
    else {
      room -= text.length;
      shown.push(dataBlock(`file ${path.replace(/[^\w./@+-]/g, '_')}`, text, text.length));
    }
  }
  return [
    'The files:',
    ...shown,
    ...(left.length === 0 ? [] : [dataBlock('files not shown', left.join('\n'), 4000)]),
  ].join('\n\n');
}
