import { fact, say, type Sentence } from './fact.ts';
import { escaped } from './markdown.ts';
import { counted } from './numbers.ts';
import { paragraph, type Block } from './page.ts';
import type { NightRecord } from './records.ts';

/** What the night's runs were shut in; nothing where no run says. */
export function shutIn({ sandboxes }: NightRecord): readonly Block[] {
  if (sandboxes === undefined || sandboxes.row.n === 0) return [];
  const { n, shut } = sandboxes.row;
  const all = fact(sandboxes, 'n', (runs) => counted(runs, 'run'));
  const within = fact(sandboxes, 'kinds', (kinds) => kinds.map((kind) => escaped(kind)).join(', '));
  const kept = say`and saw of your home only programs and what the plan names, and of other runs nothing`;
  const open = say`had your rights on the machine`;
  const said: Sentence =
    shut === 0
      ? say`None of ${all} was shut in: each ${open}.`
      : shut === n
        ? say`All of ${all} were shut in (${within}) ${kept}.`
        : say`Of ${all}, ${fact(sandboxes, 'shut', String)} were shut in (${within}) ${kept}; the others ${open}.`;
  return [paragraph(said)];
}
