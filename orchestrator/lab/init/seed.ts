import { rewriteKnob } from '../../knobs/knobs.ts';
import { writeSeed } from '../../../workers/seed.ts';
import { callsOf, languageOf, quotedTexts, type Source } from './source.ts';

/** How a run is told its seed, as the plan writes it; `others` stay what they are. */
export type Seed =
  | { readonly at: 'arg'; readonly arg: string }
  | { readonly at: 'env'; readonly env: string }
  | {
      readonly at: 'file';
      readonly file: string;
      readonly match: string;
      readonly others: number;
      readonly line: number;
    };

const VARIABLE = /(?:^|_)SEED$/;

/** Where the script takes its seed from, or has it written down; null where it has none. */
export function seedOf(
  script: Source,
  file: string,
  configs: readonly { readonly file: string; readonly path: string; readonly text: string }[],
): Seed | null {
  const { text } = script;
  const options = callsOf(text, '[\\w.]*\\.?add_argument|click\\.option').flatMap(quotedTexts);
  const arg = options.find((option) => /^--(?:random[-_])?seed$/.test(option));
  if (arg !== undefined) return { at: 'arg', arg: `${arg}={value}` };
  const env = variablesRead(text).find((name) => VARIABLE.test(name));
  if (env !== undefined) return { at: 'env', env };
  const sources = [{ file, path: script.path, text }, ...configs];
  for (const source of sources) {
    const seed = hardCoded(source);
    if (seed) return seed;
  }
  return null;
}

const variablesRead = (text: string): string[] =>
  [
    ...text.matchAll(
      /(?:environ(?:\.get\(|\[)|getenv\(|process\.env\[)\s*["'](\w+)["']|process\.env\.(\w+)|\$\{(\w+):-/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

const NUMBER = '(?<![\\w.])\\d+(?![\\w.])';
/** The likeliest first: what a constant sets, the calls take. */
const PLACES: readonly RegExp[] = [
  new RegExp(
    `^(?:(?:export\\s+)?(?:const|let|var)\\s+)?(?:\\w+\\.)*["']?(?:random_?|global_?|train_?)?seed["']?\\s*(?::\\s*\\w+\\s*=|[:=])\\s*(${NUMBER})\\s*[,;]?(?:\\s*(?:#|//).*)?$`,
    'i',
  ),
  new RegExp(`\\b(?:torch|cuda)\\.manual_seed\\w*\\(\\s*(${NUMBER})`),
  new RegExp(
    `\\bset_seed\\(\\s*(${NUMBER})|\\bseed_everything\\(\\s*(${NUMBER})|\\bset_random_seed\\(\\s*(${NUMBER})`,
  ),
  new RegExp(`\\bPRNGKey\\(\\s*(${NUMBER})|\\brandom\\.key\\(\\s*(${NUMBER})`),
  new RegExp(`\\b(?:np|numpy)\\.random\\.(?:seed|default_rng|RandomState)\\(\\s*(${NUMBER})`),
  new RegExp(`\\brandom\\.(?:seed|Random)\\(\\s*(${NUMBER})|\\bseed_?all\\(\\s*(${NUMBER})`, 'i'),
  new RegExp(`\\b(?:random_state|seed)\\s*[=:]\\s*(${NUMBER})`),
];

function hardCoded(source: { file: string; path: string; text: string }): Seed | null {
  const lines = source.text.split('\n');
  const seeded = lines.filter(
    (line) => line.length <= 300 && PLACES.some((place) => place.test(line.trim())),
  );
  for (const place of PLACES) {
    for (const [i, raw] of lines.entries()) {
      if (raw.length > 300) continue;
      const line = raw.trim();
      const found = place.exec(line);
      const literal = found?.slice(1).find((group) => group !== undefined);
      if (!found || literal === undefined || /^(?:#|\/\/)/.test(line)) continue;
      const start = line.indexOf(literal, found.index + found[0].lastIndexOf(literal));
      const comment = languageOf(source.path) === 'javascript' ? /\s*\/\/.*$/ : /\s*#.*$/;
      const match = `${line.slice(0, start)}{value}${line.slice(start + literal.length).replace(comment, '')}`;
      if (stands(source, match))
        return { at: 'file', file: source.file, match, others: seeded.length - 1, line: i + 1 };
    }
  }
  return null;
}

/** check and the worker, which writes the seed, both find exactly this place. */
function stands({ text, path }: { text: string; path: string }, match: string): boolean {
  try {
    return rewriteKnob(text, path, { match }, '7') === writeSeed(text, match, 7);
  } catch {
    return false;
  }
}
