/** What a unified diff touches, or why it is none. */
export type PatchReading =
  | {
      readonly files: readonly string[];
      /** It makes a symbolic link or a submodule, which no experiment may. */
      readonly special: boolean;
    }
  /** `line` counts from 1. `message` says expected, found. */
  | { readonly line: number; readonly message: string };

/**
 * The files that a unified diff changes, makes, deletes or renames, from the repository's top, in
 * order of appearance. Headers are git's: `a/` and `b/` before the path. Nothing is applied.
 */
export function readPatch(diff: string): PatchReading {
  const lines = diff.split(/\r?\n/);
  const files = new Set<string>();
  let at = 0;
  const fault = (message: string): PatchReading => ({ line: at + 1, message });

  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (line.startsWith('GIT binary patch') || line.startsWith('Binary files '))
      return fault('expected a change of text, found one of a binary file');
    const renamed = /^(?:rename|copy) (?:from|to) (.+)$/.exec(line);
    if (renamed) files.add(unquoted(renamed[1] ?? ''));
    if (line.startsWith('@@ ')) return fault('expected --- and +++ headers above, found a hunk');
    const named = namedByGit(line, lines[at + 1] ?? '');
    if (named !== null) files.add(named);
    if (!line.startsWith('--- ') || !(lines[at + 1] ?? '').startsWith('+++ ')) {
      at += 1;
      continue;
    }
    for (const header of [line, lines[at + 1] ?? '']) {
      const path = pathOf(header);
      if (path === undefined) return fault(`expected a path below a/ or b/, found ${header}`);
      if (path !== null) files.add(path);
      at += 1;
    }
    const end = skipHunks(lines, at);
    if (end === null) return fault('expected hunks whose line counts are right, found another one');
    at = end;
  }
  const special = /^(?:new file mode|new mode) 1[26]0000/m.test(diff);
  if (files.size > 0) return { files: [...files], special };
  at = 0;
  return fault(`expected a unified diff, found ${lines.find((l) => l.trim() !== '') ?? 'nothing'}`);
}

/** A file that is only made, deleted or given another mode has no --- and +++ lines. */
function namedByGit(line: string, next: string): string | null {
  const header = /^diff --git (?:"?a\/.+"?) "?b\/(.+?)"?$/.exec(line);
  return header && /^(?:old mode|new file mode|deleted file mode)/.test(next)
    ? unquoted(header[1] ?? '')
    : null;
}

/** Path of a --- or +++ line: null for /dev/null, undefined where it does not stand below a/ or b/. */
function pathOf(header: string): string | null | undefined {
  const name = unquoted(header.slice(4).replace(/\t.*$/, '').trimEnd());
  if (name === '/dev/null') return null;
  const path = /^[^/]+\/(.+)$/.exec(name)?.[1];
  return path === undefined || !/^[ab]\//.test(name) ? undefined : path;
}

/** git quotes names with characters beyond ASCII: "a/caf\303\251.py". */
function unquoted(name: string): string {
  if (!/^".*"$/.test(name)) return name;
  const bytes = name
    .slice(1, -1)
    .replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
    .replace(/\\(["\\])/g, '$1');
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The line after the hunks that begin at `at`; null where one is not as long as its header says. */
function skipHunks(lines: readonly string[], from: number): number | null {
  let at = from;
  while (true) {
    const header = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(lines[at] ?? '');
    if (!header) return at === from ? null : at;
    let old = Number(header[1] ?? 1);
    let young = Number(header[2] ?? 1);
    at += 1;
    while (old > 0 || young > 0) {
      const line = lines[at];
      if (line === undefined || !/^[ +\-\\]|^$/.test(line)) return null;
      if (!line.startsWith('+') && !line.startsWith('\\')) old -= 1;
      if (!line.startsWith('-') && !line.startsWith('\\')) young -= 1;
      at += 1;
    }
    if (old < 0 || young < 0) return null;
    while ((lines[at] ?? '').startsWith('\\')) at += 1;
  }
}
