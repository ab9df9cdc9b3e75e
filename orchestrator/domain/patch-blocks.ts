/** A run of changed lines of a unified diff, with nothing unchanged between them. */
export interface Block {
  /** From the repository's top; of a deleted file, the path it had. */
  readonly file: string;
  /** The nearest unchanged line before it that is not blank; null where its hunk shows none. */
  readonly above: string | null;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/**
 * The changed lines of a unified diff, in its order. Line counts of hunk headers are not relied on:
 * they are what models get wrong.
 */
export function blocksOf(diff: string): readonly Block[] {
  const lines = diff.split(/\r?\n/);
  const blocks: Block[] = [];
  let [file, inHunk] = ['', false];
  let above: string | null = null;
  let [removed, added]: [string[], string[]] = [[], []];
  const flush = (): void => {
    if (removed.length + added.length > 0) blocks.push({ file, above, removed, added });
    [removed, added] = [[], []];
  };
  for (const [at, line] of lines.entries()) {
    if (beginsFile(lines, at)) {
      flush();
      inHunk = false;
      file = pathOf(line, lines[at + 1] ?? '') ?? file;
    } else if (line.startsWith('@@')) {
      flush();
      [inHunk, above] = [true, null];
    } else if (!inHunk || line.startsWith('\\')) continue;
    else if (line.startsWith('-')) removed.push(line.slice(1));
    else if (line.startsWith('+')) added.push(line.slice(1));
    else {
      flush();
      above = line.trim() === '' ? above : line.slice(1).trimEnd();
    }
  }
  flush();
  return blocks;
}

/** A removed line may itself begin with `-- `. */
function beginsFile(lines: readonly string[], at: number): boolean {
  const begins = (marks: readonly string[]): boolean =>
    marks.every((mark, i) => lines[at + i]?.startsWith(mark));
  return begins(['diff --git ']) || begins(['--- ', '+++ ', '@@']);
}

/** The new name, or the old one where the file is deleted; null below `diff --git`. */
function pathOf(old: string, young: string): string | null {
  const paths = [young, old].map((header) =>
    /^(?:\+\+\+|---) (?:[ab]\/)?([^\t]+)/.exec(header)?.[1]?.trim(),
  );
  return paths.find((path) => path !== undefined && path !== '/dev/null') ?? null;
}
