/** What a unified diff adds to and takes from one file, line by line. */
export interface FileLines {
  /** From the repository's top; of a renamed file the new name. */
  readonly path: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Reads git's own diffs: hunks are as long as their headers say. */
export function linesOf(diff: string): readonly FileLines[] {
  const files: { path: string; added: string[]; removed: string[] }[] = [];
  let [old, young] = [0, 0];
  for (const line of diff.split('\n')) {
    const file = files.at(-1);
    if (old > 0 || young > 0) {
      if (line.startsWith('+')) file?.added.push(line.slice(1));
      else if (line.startsWith('-')) file?.removed.push(line.slice(1));
      if (!line.startsWith('+') && !line.startsWith('\\')) old -= 1;
      if (!line.startsWith('-') && !line.startsWith('\\')) young -= 1;
      continue;
    }
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (hunk) [old, young] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1)];
    const from = /^--- (?:a\/)?(.+?)\t?$/.exec(line)?.[1];
    if (from !== undefined) files.push({ path: from, added: [], removed: [] });
    const to = /^\+\+\+ (?:b\/)?(.+?)\t?$/.exec(line)?.[1];
    if (to !== undefined && to !== '/dev/null' && file) file.path = to;
  }
  return files;
}
