import { z } from 'zod';
import { name, list, mapping, literal, rangeBound, path, together } from './plan-parts.ts';

/** The places in a lab that hold one value: knobs, and a seed that is told apart from them. */

const holdsValueOnce = (template: string): boolean => template.split('{value}').length === 2;
const MATCH = 'expected {value} exactly once in match';
const ONE_LINE = 'expected one line of text in match';

export const seed = mapping({
  env: name.optional().describe('The variable a run finds its seed in.'),
  arg: name.optional().describe('The argument that carries it, such as --seed={value}.'),
  file: path.optional().describe('The file it is hard-coded in, from directory.'),
  match: z
    .string('expected some text')
    .refine(holdsValueOnce, { error: MATCH })
    .refine((text) => !/[\r\n]/.test(text.trim()), { error: ONE_LINE })
    .optional()
    .describe('The line it is hard-coded on, {value} in its place.'),
})
  .refine((s) => [s.env, s.arg, s.file].filter((x) => x !== undefined).length === 1, {
    error: 'expected exactly one of env, arg, or file with match',
    ...together,
  })
  .refine((s) => (s.file === undefined) === (s.match === undefined), {
    error: 'expected file and match together',
    ...together,
  });

const SCALE = { error: 'expected linear or log' };
const knobShape = mapping({
  file: path.optional().describe('The file that holds the value, from directory.'),
  match: z
    .string('expected some text')
    .optional()
    .describe('The line of the file, trimmed, with {value} where the literal stands.'),
  path: name.optional().describe('The key in a YAML or JSON file, such as model.depth.'),
  arg: name
    .optional()
    .describe('An argument of run.command: --warmup={value}; without {value} two arguments.'),
  env: name.optional().describe('A variable of run.env.'),
  default: literal
    .optional()
    .describe('What the script uses when the argument or variable is not given.'),
  values: list(literal)
    .min(1, { error: 'expected at least one value' })
    .optional()
    .describe('The values to try, written as the script should see them.'),
  range: z
    .tuple([rangeBound, rangeBound], { error: 'expected a range [low, high]' })
    .optional()
    .describe('[low, high] to sample from; whole numbers when both bounds are.'),
  scale: z.enum(['linear', 'log'], SCALE).optional(),
  line: name.optional().describe('The line of inquiry that changes of this knob belong to.'),
});

interface Faults {
  (message: string, at?: PropertyKey[]): void;
}

/** Where a knob's value stands: one place, wholly described. */
function checkPlace(k: z.output<typeof knobShape>, bad: Faults): void {
  const places = [k.file, k.arg, k.env].filter((x) => x !== undefined).length;
  if (places !== 1) bad('expected exactly one place: file, arg or env');
  if (k.file !== undefined && (k.match === undefined) === (k.path === undefined))
    bad('expected either match (a line) or path (a key in YAML or JSON) beside file');
  if (k.file === undefined && (k.match !== undefined || k.path !== undefined))
    bad('expected file beside match or path');
  if (typeof k.match === 'string' && !holdsValueOnce(k.match)) bad(MATCH, ['match']);
  if (typeof k.match === 'string' && /[\r\n]/.test(k.match.trim())) bad(ONE_LINE, ['match']);
  if (typeof k.arg === 'string' && k.arg.split('{value}').length > 2)
    bad('expected {value} at most once in arg', ['arg']);
  if (typeof k.env === 'string' && !/^[A-Za-z_]\w*$/.test(k.env))
    bad('expected the name of a variable', ['env']);
  if (k.file === undefined && places === 1 && k.default === undefined)
    bad('expected default: what the script uses when the argument or variable is not given');
  if (k.file !== undefined && k.default !== undefined)
    bad('expected no default: the file says the current value', ['default']);
}

/** What may be tried: a list or a range that can be sampled. */
function checkChoices(k: z.output<typeof knobShape>, bad: Faults): void {
  if ((k.values === undefined) === (k.range === undefined)) bad('expected either values or range');
  if (k.scale !== undefined && k.range === undefined) bad('expected range beside scale', ['scale']);
  const [low, high] = Array.isArray(k.range) ? k.range : [];
  if (typeof low?.value !== 'number' || typeof high?.value !== 'number') return;
  if (!(low.value < high.value)) bad('expected a range [low, high] with low below high', ['range']);
  if (k.scale === 'log' && low.value <= 0)
    bad('expected a range above 0 for scale: log', ['range']);
}

export const knob = knobShape
  .superRefine((k, issues) => {
    const bad: Faults = (message, at = []) =>
      issues.addIssue({ code: 'custom', message, path: at });
    checkPlace(k, bad);
    checkChoices(k, bad);
  }, together)
  .transform(({ range, ...k }) => ({
    ...k,
    ...(range && {
      range: [range[0].value, range[1].value] as [low: number, high: number],
      /** Both bounds are whole numbers as written: samples are too. */
      whole: range[0].whole && range[1].whole,
    }),
  }));
