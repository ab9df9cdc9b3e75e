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
  // Below `diff --git`, git takes /dev/null for a file of that name unless a mode line says else.
  let unsaid = false;
  const fault = (message: string): PatchReading => ({
    line: Math.min(at + 1, lines.length),
    message: excerpt(message),
  });

  // A name would end there for git, and not for us.
  at = lines.findIndex((line) => line.includes('\0'));
  if (at >= 0) return fault('expected a change of text, found a NUL byte');
  at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (line.startsWith('GIT binary patch') || line.startsWith('Binary files '))
      return fault('expected a change of text, found one of a binary file');
    const renamed = /^(?:rename|copy) (?:from|to) (.+)$/.exec(line);
    const name = renamed ? unquoted(renamed[1] ?? '') : undefined;
    if (name === null) return fault(`expected a name as git quotes it, found ${line}`);
    if (name !== undefined) files.add(name);
    if (line.startsWith('@@ ')) return fault('expected --- and +++ headers above, found a hunk');
    if (/^(?:new|deleted) file mode /.test(line)) unsaid = false;
    if (line.startsWith('diff --git ')) {
      unsaid = true;
      // Whatever follows: git takes mode lines for this file's that stand behind lines it skips.
      const named = namedByGit(line.slice('diff --git '.length));
      if (named !== null) files.add(named);
      else if (isOfMode(lines, at))
        return fault(`expected diff --git a/NAME b/NAME, found ${line}`);
    }
    if (!line.startsWith('--- ') || !(lines[at + 1] ?? '').startsWith('+++ ')) {
      at += 1;
      continue;
    }
    for (const header of [line, lines[at + 1] ?? '']) {
      const path = pathOf(header);
      if (path === undefined) return fault(`expected a path below a/ or b/, found ${header}`);
      if (path === null && unsaid)
        return fault(
          `expected a "new file mode" or "deleted file mode" line above, found ${header}`,
        );
      if (path !== null) files.add(path);
      at += 1;
    }
    unsaid = false;
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
function isOfMode(lines: readonly string[], header: number): boolean {
  for (let at = header + 1; EXTENDED.test(lines[at] ?? ''); at += 1)
    if (MODE.test(lines[at] ?? '')) return true;
  return false;
}
const MODE = /^(?:old mode|new mode|new file mode|deleted file mode) /;
/** What git writes between `diff --git` and `---`, in any order. */
const EXTENDED =
  /^(?:old mode|new mode|new file mode|deleted file mode|copy|rename|similarity index|dissimilarity index|index) /;

/** NAME of `a/NAME b/NAME`; null for other words. A name may itself hold ` b/`. */
function namedByGit(words: string): string | null {
  const quoted = /^"(?:[^"\\]|\\.)*"/.exec(words)?.[0];
  const middle = quoted?.length ?? (words.length - 1) / 2;
  const candidates = [middle, words.indexOf(' "b/')];
  for (const at of candidates) {
    const [old, young] = [unquoted(words.slice(0, at)), unquoted(words.slice(at + 1))];
    if (words.charAt(at) !== ' ' || !old?.startsWith('a/') || !young?.startsWith('b/')) continue;
    if (old.slice(2) === young.slice(2) && old.length > 2) return old.slice(2);
  }
  return null;
}

/** Path of a --- or +++ line: null for /dev/null, undefined where it does not stand below a/ or b/. */
function pathOf(header: string): string | null | undefined {
  const name = unquoted(header.slice(4).replace(/\t.*$/, '').trimEnd());
  if (name === '/dev/null') return null;
  return /^[ab]\/(.+)$/.exec(name ?? '')?.[1];
}

/**
 * git quotes names with characters beyond ASCII: "a/caf\303\251.py". Null for quotes that are not
 * git's: it would take them for a part of the name.
 */
function unquoted(name: string): string | null {
  if (!name.startsWith('"')) return name;
  if (!QUOTED.test(name)) return null;
  const bytes = Buffer.from(name.slice(1, -1), 'utf8')
    .toString('latin1')
    .replace(/\\([0-3][0-7]{2}|.)/g, (_, escape: string) =>
      escape.length === 3
        ? String.fromCharCode(parseInt(escape, 8))
        : (ESCAPES.get(escape) ?? escape),
    );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
/** No file's name holds a NUL: git would read no further. */
const QUOTED = /^"(?:[^"\\]|\\(?:[abtnvfr"\\]|(?!000)[0-3][0-7]{2}))*"$/;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
]);

/** Headers may be as long as a file. */
const excerpt = (message: string): string =>
  message.length <= 200 ? message : `${message.slice(0, 199)}…`;

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
