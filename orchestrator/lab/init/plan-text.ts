import type { Choices } from './choices.ts';
import type { Found } from './knob.ts';
import type { Direction } from './metric.ts';
import type { Seed } from './seed.ts';

/** The plan as text: one line per knob, one line of comment per section. */

export interface PlanKnob {
  readonly key: string;
  readonly found: Found;
  readonly choices: Choices;
}

export interface Draft {
  /** What the first line names, for editors. */
  readonly schema: string;
  readonly project: string;
  readonly metric: string;
  readonly direction: Direction;
  /** Said behind the objective where something about it is a guess. */
  readonly doubt: string | null;
  readonly directory: string;
  readonly editable: readonly string[];
  readonly link: readonly string[];
  readonly setup: string | null;
  readonly command: string;
  readonly timeout: string;
  readonly timed: string;
  readonly seed: Seed | null;
  readonly knobs: readonly PlanKnob[];
}

const WORD = /^[A-Za-z_./][\w./@-]*$/;
const RESERVED = /^(?:true|false|null|yes|no|on|off|y|n|nan|inf|\.nan|\.inf|~)$/i;

/** A text as YAML, also between { } and [ ]. */
function quoted(text: string): string {
  if (WORD.test(text) && !RESERVED.test(text)) return text;
  return text.includes("'") || /[^\x20-\x7e]/.test(text) ? JSON.stringify(text) : `'${text}'`;
}

/** A literal keeps its spelling: numbers and booleans as they are, words quoted where YAML needs it. */
const literal = (text: string): string =>
  /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) || /^(?:true|false)$/i.test(text)
    ? text
    : quoted(text);

const list = (items: readonly string[]): string => `[${items.map(quoted).join(', ')}]`;

function placeText({ place, literal: current }: Found): string {
  switch (place.at) {
    case 'match':
      return `file: ${quoted(place.file)}, match: ${quoted(place.match)}`;
    case 'path':
      return `file: ${quoted(place.file)}, path: ${quoted(place.path)}`;
    case 'arg':
      return `arg: ${quoted(place.arg)}, default: ${literal(current)}`;
    case 'env':
      return `env: ${place.env}, default: ${literal(current)}`;
  }
}

function knobText({ key, found, choices }: PlanKnob): string {
  const tried = choices.range
    ? `range: [${choices.range.join(', ')}], scale: log`
    : `values: [${(choices.values ?? []).map(literal).join(', ')}]`;
  const now = choices.range ? ` # now ${found.literal}` : '';
  return `  ${key}: { ${placeText(found)}, ${tried} }${now}`;
}

const isOfRun = ({ found: { place } }: PlanKnob): boolean =>
  place.at === 'arg' || place.at === 'env';

function seedText(seed: Seed | null): string {
  if (!seed)
    return (
      '  # seed: { arg: "--seed={value}" } # or { env: SEED }: none was found in the script. Without one,\n' +
      '  # repeats cannot tell a gain from chance, and no verdict goes beyond inconclusive.'
    );
  const why = '# how a run is told its seed; fresh seeds decide what is real';
  if (seed.at === 'arg') return `  seed: { arg: ${quoted(seed.arg)} } ${why}`;
  if (seed.at === 'env') return `  seed: { env: ${seed.env} } ${why}`;
  const left =
    seed.others > 0
      ? `\n  # (the script seeds in ${seed.others + 1} places: the others stay as they are)`
      : '';
  return `  seed: { file: ${quoted(seed.file)}, match: ${quoted(seed.match)} } ${why}${left}`;
}

function searchText(knobs: readonly PlanKnob[]): string {
  if (knobs.length === 0)
    return `# What may be tried. Nothing was found to turn: name lines of the script, such as
#   learning_rate: { file: train.py, match: "lr = {value}", range: [1e-4, 1e-2], scale: log }
# where {value} stands for the literal. Without any, only the baseline runs.
search_space: {}`;
  const committed = knobs.some(isOfRun)
    ? '\n# arg and env knobs are edits of `run` above: commit this plan before autolab check.'
    : '';
  return `# What may be tried: match is a line of the file with {value} for its literal. Take out what should
# stay as it is, and narrow what you know. Left out: training length, evaluation, paths, seeds.${committed}
search_space:
${knobs.map(knobText).join('\n')}`;
}

export function planText(draft: Draft): string {
  const { metric, direction, directory, link } = draft;
  const verb = direction === 'minimize' ? 'lower' : 'raise';
  const doubt = draft.doubt === null ? '' : ` # ${draft.doubt}`;
  return `# yaml-language-server: $schema=${draft.schema}
# What a night is to find out, what it may change, and what it may spend. Written by autolab init:
# everything here is a suggestion. autolab check says what does not fit.

project: ${quoted(draft.project)}
question: ${quoted(`Which single changes ${verb} ${metric}?`)}

# The number that runs are judged by, as the script prints it.
objective: { metric: ${quoted(metric)}, direction: ${direction} }${doubt}
# Add min_effect (min_effect: 0.005) for the smallest change that is worth having.

# Where experiments happen. What is not editable is protected: the data, the evaluation, this plan.
workspace:${directory === '' ? '' : `\n  directory: ${quoted(directory)} # commands run here; editable is seen from here`}
  editable: ${list(draft.editable)}
${link.length > 0 ? `  link: ${list(link)} # not in git: every worktree is shown yours, read-only` : '  # link: [data] # paths that git does not hold; every worktree is shown yours, read-only'}

# How one run is made: the command is split into arguments, no shell.
run:
${draft.setup === null ? '' : `  # setup: ${draft.setup} # once per worktree, if its data is not in git or linked\n`}  command: ${quoted(draft.command)}
  timeout: ${draft.timeout} # ${draft.timed}
${seedText(draft.seed)}
  # smoke: { args: "--max-steps 2" } # or env: how a run is cut to a moment, for autolab check --stub

${searchText(draft.knobs)}

# Where a night ends. A fifth of the runs is kept for dawn, when fresh seeds decide what is real.
budget: { experiments: 24, wall_clock: 8h }
`;
}
