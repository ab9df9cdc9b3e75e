import { LabError } from '../orchestrator/domain/errors.ts';
import { importFiles } from '../orchestrator/lab/import/import.ts';
import { readNoticing, takeInWhatWaits } from '../orchestrator/lab/own/reading.ts';
import { dim, oneLine, print, printJson, yellow } from './output.ts';
import { table } from './table.ts';
import { counted } from './words.ts';

interface ImportOptions {
  readonly id?: string;
  readonly metric?: readonly string[];
  readonly param?: readonly string[];
  readonly json?: boolean;
}

/** `autolab import FILE…`: what other tools recorded, as runs of your own. */
export async function run(
  files: readonly string[],
  { id, metric = [], param = [], json }: ImportOptions,
): Promise<number> {
  if (files.length === 0)
    throw new LabError('usage', 'expected a file to import: autolab import results.tsv');
  // All that was imported before has to be known: the same is not imported twice.
  const { lab, state } = await readNoticing(process.cwd(), Infinity);
  const roles = { ...(id === undefined ? {} : { id }), metrics: metric, params: param };
  const found = await importFiles(lab, state, files, roles);
  // Noticed now, so that they are in the notebook when this returns.
  const now = await readNoticing(process.cwd(), Infinity);
  const all = [...found.remarks, ...now.remarks, ...(await takeInWhatWaits(now, 1, Infinity))];
  if (json) {
    printJson({ imported: found.imported, known: found.known, remarks: all });
    return 0;
  }
  print(
    table(
      [
        { title: 'run', cell: (each) => each.run },
        { title: 'there', cell: (each) => each.id, flexible: true },
        { title: 'file', cell: (each) => each.file },
      ],
      found.imported,
    ),
  );
  const { known } = found;
  if (known.length > 0)
    print(
      dim(`${counted(known.length, 'run')} imported before: ${listed(known.map((k) => k.run))}`),
    );
  for (const remark of all) print(yellow(oneLine(remark)));
  return 0;
}

const SHOWN = 5;

const listed = (ids: readonly string[]): string =>
  ids.length <= SHOWN ? ids.join(', ') : `${ids.slice(0, SHOWN).join(', ')}, …`;
