import { kindOf, tidyName, type Found } from './knob.ts';
import { callsOf, languageOf, LITERAL, splitOutside, unquoted, type Source } from './source.ts';

/** Constants, options and variables of a script. `file` is its path as the plan is to write it. */

const COMMENT = {
  python: /\s*#.*$/,
  shell: /\s*#.*$/,
  javascript: /\s*(?:\/\/|\/\*).*$/,
  other: /\s*(?:#|\/\/).*$/,
};

/** `name = literal`, `config.name = literal`, `name: type = literal`, `"name": literal,`, `f(name=literal)`. */
const ASSIGNED = new RegExp(
  `(?<![\\w.$-])(["']?)(?:[A-Za-z_]\\w*\\.)*([A-Za-z_]\\w*)\\1\\s*(?::\\s*[A-Za-z_][\\w.]*\\s*(?==))?(?:=(?!=)|:)\\s*(${LITERAL})(?=\\s*(?:[,;)}\\]]|#|//|$))`,
  'g',
);
/** Ahead of a constant at the start of its line. */
const DECLARED = /^(?:(?:export\s+)?(?:const|let|var)\s+|export\s+)?$/;
const NO_CONSTANT =
  /^\s*(?:#|\/\/|\*|def |async def |function |import |from |if |elif |while |for |assert |return )|\badd_argument\b|\bclick\.option\b|\b(?:print|console\.log|logg\w*\.\w+)\s*\(|\benviron\b|\bgetenv\b|process\.env/;

/** Everything on a line of its own, or in one, that names a literal. Several may share a line. */
export function constantsOf(script: Source, file: string): Found[] {
  const comment = COMMENT[languageOf(script.path)];
  const lines = script.text.split('\n');
  const sums = new Set(lines.flatMap(summedIn));
  return lines.flatMap((raw, i) => {
    if (raw.length > LONGEST_LINE || NO_CONSTANT.test(raw)) return [];
    const line = raw.trim();
    return [...line.matchAll(ASSIGNED)].flatMap((match) => {
      const [whole, , name = '', literal = ''] = match;
      const before = line.slice(0, match.index);
      if (isQuoted(before) || sums.has(name)) return [];
      const start = match.index + whole.length - literal.length;
      const after = line.slice(start + literal.length).replace(comment, '');
      const quote = /^["']/.test(literal) ? literal.charAt(0) : '';
      const template = `${line.slice(0, start)}${quote}{value}${quote}${after}`;
      if (template.split('{value}').length !== 2) return [];
      const alone = DECLARED.test(before) && /^[,;]?$/.test(after.trim());
      // Amid a function stand counters too: only a field with a type is sure to be a setting.
      const top = !/^\s/.test(raw) || /^[\w.]+\s*:\s*\w+\s*=/.test(line);
      return [
        {
          name: tidyName(name),
          literal: unquoted(literal),
          kind: quote === '' ? kindOf(literal) : ('text' as const),
          place: { at: 'match' as const, file, match: template },
          line: i + 1,
          named: alone && top,
        },
      ];
    });
  });
}

const LONGEST_LINE = 300;

/** `loss += …`, `loss = loss + …`, `n++`: what stood there first is where a sum begins, and no setting. */
const SUMMED =
  /(?<![\w.])(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)\s*(?:\+[+=]|=\s*(?:[A-Za-z_]\w*\.)*\1\s*\+)/g;
const summedIn = (line: string): string[] =>
  line.length > LONGEST_LINE ? [] : [...line.matchAll(SUMMED)].map(([, name = '']) => name);

const isQuoted = (before: string): boolean =>
  (before.replace(/\\./g, '').match(/["'`]/g) ?? []).length % 2 === 1;

const lineOf = (text: string, part: string): number =>
  text.slice(0, Math.max(0, text.indexOf(part))).split('\n').length;

const valueOf = (parts: readonly string[], key: string): string | undefined =>
  parts.find((part) => new RegExp(`^${key}\\s*=(?!=)`).test(part))?.replace(/^\w+\s*=\s*/, '');

/** Long options with a default (argparse, click). */
export function optionsOf({ text }: Source): Found[] {
  return callsOf(text, '[\\w.]*\\.?add_argument|click\\.option').flatMap((call) => {
    const parts = splitOutside(call, ',');
    const flag = parts.map(unquoted).find((part) => /^--[A-Za-z][\w-]*$/.test(part));
    const given = valueOf(parts, 'default') ?? '';
    if (flag === undefined || valueOf(parts, 'action') !== undefined) return [];
    if (!new RegExp(`^(?:${LITERAL})$`).test(given) || kindOf(given) === 'boolean') return [];
    const literal = unquoted(given);
    const listed = /^[[(](.*)[\])]$/s.exec(valueOf(parts, 'choices') ?? '')?.[1];
    const choices = listed === undefined ? [] : splitOutside(listed, ',').map(unquoted);
    return [
      {
        name: tidyName(flag),
        literal,
        kind: kindOf(literal),
        place: { at: 'arg' as const, arg: `${flag}={value}` },
        line: lineOf(text, call),
        ...(choices.length > 1 ? { choices } : {}),
        named: true,
      },
    ];
  });
}

const READ_WITH_DEFAULT = new RegExp(
  `(?:os\\.environ\\.get|os\\.getenv)\\(\\s*["'](\\w+)["']\\s*,\\s*(${LITERAL})|process\\.env(?:\\.(\\w+)|\\[["'](\\w+)["']\\])\\s*(?:\\?\\?|\\|\\|)\\s*(${LITERAL})`,
  'g',
);

/** Variables that are read with a default. */
export function variablesOf({ text }: Source): Found[] {
  return [...text.matchAll(READ_WITH_DEFAULT)].map((match) => {
    const env = match[1] ?? match[3] ?? match[4] ?? '';
    const literal = unquoted(match[2] ?? match[5] ?? '');
    return {
      name: tidyName(env),
      literal,
      kind: kindOf(literal),
      place: { at: 'env', env },
      line: lineOf(text, match[0]),
      named: true,
    };
  });
}
