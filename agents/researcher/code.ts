import type { LabBrief } from '../../orchestrator/domain/brief.ts';
import { isEditable } from '../../orchestrator/domain/editable.ts';
import type { Repository } from '../../orchestrator/domain/ports.ts';

/** The files that an experiment may change, as they are at the incumbent. */

export type Code = Pick<Repository, 'listFiles' | 'readFile'>;

export interface CodeFile {
  /** From the repository's top. */
  readonly path: string;
  readonly text: string;
}

const MOST_FILES = 12;
/** Characters of all of them. */
const MOST_TEXT = 48_000;

/** In order of their paths; those that make it too much are left out. */
export async function editableFiles(code: Code, lab: LabBrief): Promise<readonly CodeFile[]> {
  const paths = (await code.listFiles(lab.commit)).filter((path) =>
    isEditable({ workspace: lab }, path),
  );
  const files: CodeFile[] = [];
  let left = MOST_TEXT;
  for (const path of paths.toSorted().slice(0, MOST_FILES)) {
    const text = await code.readFile(lab.commit, path);
    if (text === null || text.includes('\0') || text.length > left) continue;
    left -= text.length;
    files.push({ path, text });
  }
  return files;
}
