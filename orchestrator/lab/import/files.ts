import { constants } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { LabError } from '../../domain/errors.ts';
import { parseLiteral } from '../../../workers/literal.ts';
import { EMPTY_RUN, type ForeignRun, type Roles } from './foreign.ts';
import { isHarness, runOfHarness, taskOf } from './harness.ts';
import { readRows } from './rows.ts';
import { runsOfTable } from './table.ts';

/** Which reader a file is for is told by its name, and for JSON by what it holds. */

const KINDS =
  'a table (.csv, .tsv, .md), results of an evaluation harness (.json), its samples (.jsonl), ' +
  'or an archive of autolab export (.tar.gz)';

/** The runs of a file, in its order. Throws LabError usage, in words, where it holds none. */
export async function foreignRuns(file: string, roles: Roles): Promise<readonly ForeignRun[]> {
  await access(file, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
    const found = error.code === 'ENOENT' ? 'none there' : error.message;
    throw new LabError('usage', `${file}: expected a file to import, found ${found}`, file, error);
  });
  if (/\.jsonl$/i.test(file)) return [samplesAlone(file)];
  const json = /\.json$/i.test(file);
  if (!json && !/\.(?:csv|tsv|md|markdown|txt)$/i.test(file))
    throw new LabError('usage', `${file}: expected ${KINDS}, found another kind of file`, file);
  const text = await readFile(file, 'utf8');
  if (!json) return runsOfTable(readRows(text, file), roles, file);
  const found = parsed(text, file);
  if (!isHarness(found))
    throw new LabError(
      'usage',
      `${file}: expected the results of an evaluation harness (an object with "results"), found other JSON`,
      file,
    );
  return [runOfHarness(found, file, await readdir(dirname(file)))];
}

/** Predictions without their results: a run that has nothing else. */
const samplesAlone = (file: string): ForeignRun => ({
  ...EMPTY_RUN,
  id: basename(file),
  name: `samples of ${taskOf(file)}`,
  samples: [{ path: file, task: taskOf(file) }],
});

/** Python's NaN and Infinity are numbers here, too. */
function parsed(text: string, file: string): unknown {
  const found = parseLiteral(text);
  if (found !== undefined) return found;
  throw new LabError('usage', `${file}: expected JSON, found something else, or half of it`, file);
}
