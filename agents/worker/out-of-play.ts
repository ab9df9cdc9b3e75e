/**
 * Lines of a change that a repair leaves standing where nothing runs them, and functions that it
 * makes for them to call and that do nothing: to the letter the change is kept, and it is gone.
 */
export function outOfPlay(
  original: string,
  repaired: string,
  files: ReadonlyMap<string, string>,
): readonly string[] {
  const change = new Set(linesOf(original, '+').map(({ text }) => text));
  const lines = linesOf(repaired, '+ ');
  const known = [...files.values()].join('\n');
  const removed = new Set(linesOf(repaired, '-').map(definedIn));
  const isChange = (line: Line | undefined): boolean =>
    line?.sign === '+' && /\w/.test(line.text) && change.has(line.text);
  const covered = hidden(lines, isChange);
  return lines.flatMap((line, at) => {
    const { sign, text, hunk } = line;
    if (change.has(text)) return [];
    const below = lines.slice(at + 1).filter((other) => other.hunk === hunk);
    const isNamed = (name: string): boolean => {
      const word = new RegExp(`\\b${name}\\b`);
      return word.test(known) || lines.some((other, i) => i !== at && word.test(other.text));
    };
    const isCalled = (name: string): boolean =>
      !removed.has(name) && [...change].some((other) => other.includes(name));
    const place: Place = { line, below, isChange, isNamed, isCalled };
    const found = covered.has(line)
      ? 'it in a comment or a text'
      : // Which of two equal returns is new, a diff does not tell.
        [skipped, ...(sign === '+' ? [uncalled, idle] : [])]
          .map((rule) => rule(place))
          .find(Boolean);
    const quoted = JSON.stringify(text.slice(0, 160));
    return found ? [`expected the change to be at work, found ${found}: ${quoted}`] : [];
  });
}

interface Line {
  readonly sign: string;
  /** Without the blanks around it. */
  readonly text: string;
  readonly indent: number;
  /** Lines of two hunks do not stand below one another. */
  readonly hunk: number;
}

interface Place {
  /** New with the repair. */
  readonly line: Line;
  readonly below: readonly Line[];
  /** What the original adds. */
  readonly isChange: (line: Line | undefined) => boolean;
  /** Anywhere else. */
  readonly isNamed: (name: string) => boolean;
  /** By the change, which no function of base is. */
  readonly isCalled: (name: string) => boolean;
}

/** Lines of a diff with one of the signs, blank ones left out. */
function linesOf(diff: string, signs: string): readonly Line[] {
  let hunk = 0;
  return diff.split('\n').flatMap((line) => {
    if (line.startsWith('@@')) hunk += 1;
    const [sign = '', text] = [line[0], line.slice(1).trim()];
    if (!signs.includes(sign) || /^(?:\+\+\+|---) /.test(line) || text === '') return [];
    return [{ sign, text, indent: line.slice(1).search(/\S/), hunk }];
  });
}

const upTo = (lines: readonly Line[], ends: (line: Line) => boolean): readonly Line[] => {
  const at = lines.findIndex(ends);
  return at < 0 ? lines : lines.slice(0, at);
};

/** Lines that open a comment or a text in which lines of the change stand. */
function hidden(lines: readonly Line[], isChange: (line: Line) => boolean): ReadonlySet<Line> {
  const found = new Set<Line>();
  let open: { readonly line: Line; readonly end: string } | null = null;
  for (const line of lines) {
    if (open !== null && line.hunk !== open.line.hunk) open = null;
    if (open !== null) {
      if (isChange(line)) found.add(open.line);
      if (line.text.includes(open.end)) open = null;
    } else {
      const end = openedBy(line);
      open = end === null ? null : { line, end };
    }
  }
  return found;
}

/** What closes the comment or the text that a line opens and does not close; null where it opens none. */
function openedBy({ text }: Line): string | null {
  const quotes = /^[rRfFbB]{0,2}("""|''')|("""|''')$/.exec(text);
  const quote = quotes?.[1] ?? quotes?.[2];
  if (quote !== undefined) return text.split(quote).length % 2 === 0 ? quote : null;
  return /^\/\*|\/\*$/.test(text) && !text.includes('*/') ? '*/' : null;
}

/** Right behind an end, in the same block. */
function skipped({ line: { text, indent }, below: [next], isChange }: Place): string | null {
  const ends = /^(?:return|raise|throw)\b/.test(text) && !/[([{,+\-*/&|?:=\\]$/.test(text);
  return ends && next?.indent === indent && isChange(next) ? 'it behind an end' : null;
}

const DEFINES =
  /^(?:export\s+)?(?:async\s+)?(?:def\s+|function\*?\s*|(?:(?:const|let|var)\s+)?(?=\w+\s*=.*(?:=>|\bfunction\b|\blambda\b)))(\w+)/;

/** Those that a language calls by itself do not count. */
function definedIn({ text }: Line): string | null {
  const name = DEFINES.exec(text)?.[1] ?? null;
  return name === null || /^__\w+__$/.test(name) ? null : name;
}

/** In a function that nothing calls. */
function uncalled({ line, below, isChange, isNamed }: Place): string | null {
  const name = definedIn(line);
  if (name === null || isNamed(name)) return null;
  const body = upTo(below, ({ indent }) => indent <= line.indent);
  return body.some(isChange) ? `it in ${name}, which nothing calls` : null;
}

const RETURNS_IT =
  /\(\s*(?:self\s*,\s*)?(\w+)[^)]*\)\s*(?:->[^:]*)?[:{]\s*return\s+\1\s*(?:;|\}|$)/;

/** `def gate(y): return y`, in one line or two, `gate = lambda y: y` and `gate = (y) => y`. */
function idle({ line, below: [next], isCalled }: Place): string | null {
  const name = definedIn(line);
  if (name === null || !isCalled(name)) return null;
  const same =
    [line.text, `${line.text} ${next?.text ?? ''}`].some((text) => RETURNS_IT.test(text)) ||
    /\blambda\s+(\w+)[^:]*:\s*\1$/.test(line.text) ||
    /\(?\b(\w+)\b[^()]*\)?\s*=>\s*\1;?$/.test(line.text);
  return same ? `${name} returning what it is given` : null;
}
