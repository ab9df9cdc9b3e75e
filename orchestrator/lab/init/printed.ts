import { createMetricsReader } from '../../../workers/metrics.ts';
import { callsOf, splitOutside, type Source } from './source.ts';

/**
 * What a script will print, guessed from its text: every print is written out with a number for each
 * value, and read by the reader that reads runs. So a name found here is one a night would find.
 */

const PRINTS =
  'print|tqdm\\.write|\\w*\\.set_postfix|console\\.(?:log|info|error)|process\\.std(?:out|err)\\.write|sys\\.std(?:out|err)\\.write|[\\w.]*logg(?:er|ing)\\.(?:info|warning)|log\\.info|(?:self|trainer|fabric)\\.log(?:_dict|_metrics)?|accelerator\\.print|print0|master_print|rank_zero_info';

/** Metric names that the script's prints would give, in their order. */
export function printedMetrics({ text }: Source): string[] {
  const calls = callsOf(text, PRINTS);
  const lines = calls.flatMap((call) => writtenOut(call).split('\n'));
  const logged = [...text.matchAll(/\bself\.log\(\s*["']([\w/.-]+)["']/g)].map((m) => m[1] ?? '');
  return [...new Set([...logged, ...metricsIn(lines), ...byFramework(text)])];
}

/** Names of the metrics in lines of output. */
export function metricsIn(lines: Iterable<string>): string[] {
  const reader = createMetricsReader({
    objective: '',
    onPoint: () => {},
    maxKeys: 500,
    maxPoints: 0,
  });
  for (const line of lines) reader.line(line, 0);
  reader.end(0);
  return [...reader.series.keys()];
}

/** What libraries print of their own accord. */
function byFramework(text: string): string[] {
  const names: string[] = [];
  if (/from transformers import|import transformers/.test(text) && /Trainer\(/.test(text))
    names.push('eval_loss');
  if (/keras/.test(text) && /\.fit\(/.test(text))
    names.push(/validation_(?:data|split)/.test(text) ? 'val_loss' : 'loss');
  return names;
}

const writtenOut = (call: string): string =>
  splitOutside(call, ',')
    .filter((part) => !/^(?:end|flush|file|sep)\s*=/.test(part))
    .map(valueText)
    .join(' ')
    .replace(/(?:\\n)+/g, '\n');

function valueText(part: string): string {
  const inner = /^(?:json\.dumps|JSON\.stringify|str|dict)\(([\s\S]*)\)/.exec(part)?.[1];
  if (inner !== undefined && !part.startsWith('dict'))
    return valueText(splitOutside(inner, ',')[0] ?? '');
  if (part.startsWith('dict(')) return record(splitOutside(inner ?? '', ','), '=');
  if (part.startsWith('{') && part.endsWith('}'))
    return record(splitOutside(part.slice(1, -1), ','), ':');
  const pieces = splitOutside(part, '+');
  return pieces.map(pieceText).join('');
}

function record(entries: readonly string[], sign: string): string {
  const pairs = entries.flatMap((entry) => {
    const key = /^["']?([\w./ -]+?)["']?\s*$/.exec(splitOutside(entry, sign)[0] ?? '')?.[1];
    return key === undefined ? [] : [`"${key}": ${numberFor(key)}`];
  });
  return `{${pairs.join(', ')}}`;
}

const QUOTED =
  /[A-Za-z]{0,2}("""[\s\S]*?"""|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)/y;

/** One or more quoted texts beside each other, else an expression. */
function pieceText(piece: string): string {
  let said = '';
  let at = 0;
  while (at < piece.length) {
    QUOTED.lastIndex = at;
    const found = QUOTED.exec(piece);
    if (!found) break;
    const quotes = found[1]?.startsWith('"""') ? 3 : 1;
    said += (found[1] ?? '').slice(quotes, -quotes);
    at = QUOTED.lastIndex + (/^\s*/.exec(piece.slice(QUOTED.lastIndex))?.[0].length ?? 0);
  }
  return at === 0 ? numberFor(piece) : withNumbers(said);
}

const withNumbers = (said: string): string =>
  said
    .replace(/\$?\{([^{}]*)\}(?!\})/g, (_, inside: string) => numberFor(inside))
    .replace(/%[-+ 0]*\d*(?:\.\d+)?([dfegs])/g, (_, type: string) => (type === 'd' ? '3' : '0.25'));

/** What counts is whole, so that the reader takes a step for a step. */
const numberFor = (expression: string): string =>
  /:\s*\d*,?d$|epoch|step|iter|^\s*(?:i|t|n|it|max|total)\b/i.test(expression) ? '3' : '0.25';
