import { quoteArgument, splitCommand, wordsOf, type Word } from '../domain/command.ts';
import { PLAN_FILE } from '../domain/layout.ts';
import { LabError } from '../domain/errors.ts';
import type { Command } from '../domain/experiment.ts';
import type { Knob } from '../domain/plan.ts';
import { addScalar, replaceScalar, scalarAt, scalarIfThere, scalarsBelow } from './yaml-edit.ts';

/**
 * Knobs that are an argument or a variable: a change of one is an edit of `run` in
 * research_plan.yaml. An argument is a template (`model.depth={value}`, `--warmup={value}`); without
 * `{value}`, or with it behind a space, flag and value are two arguments.
 */

/** `run` as a research_plan.yaml has it, whatever else is in that text. Throws LabError plan. */
export function readRun(planText: string): Command & { readonly shell: boolean } {
  return {
    command: scalarAt(planText, PLAN_FILE, ['run', 'command']).literal.trim(),
    env: scalarsBelow(planText, PLAN_FILE, ['run', 'env']),
    shell: scalarIfThere(planText, PLAN_FILE, ['run', 'shell'])?.literal.toLowerCase() === 'true',
  };
}

/**
 * What the run is given for the knob: from the command or the environment, else the knob's
 * default. `shell` says that the command is shell text. Throws LabError plan where an argument is
 * there twice, or without its value.
 */
export function currentRunLiteral(command: Command, knob: Knob, shell = false): string {
  const given =
    knob.env !== undefined
      ? new Map(Object.entries(command.env)).get(knob.env)
      : argumentIn(command.command, templateOf(knob), shell)?.literal;
  const literal = given ?? knob.default;
  if (literal === undefined) throw trouble('expected a knob with arg or env, and default');
  return literal;
}

/**
 * The plan with the knob set to `literal`, every other character as it was, and the command it now
 * says. An argument or variable that is there is replaced, else added; in shell text an argument
 * has to be there. Reading it back gives `literal`. Throws LabError plan.
 */
export function rewriteRun(
  planText: string,
  knob: Knob,
  literal: string,
): { text: string; command: Command } {
  const run = readRun(planText);
  const text =
    knob.env !== undefined
      ? withVariable(planText, knob.env, literal)
      : replaceScalar(planText, PLAN_FILE, ['run', 'command'], withArgument(run, knob, literal));
  const { command, env, shell } = readRun(text);
  if (currentRunLiteral({ command, env }, knob, shell) !== literal)
    throw trouble(`expected a literal that a command can carry, found ${literal}`);
  return { text, command: { command, env } };
}

const withVariable = (planText: string, name: string, literal: string): string =>
  scalarIfThere(planText, PLAN_FILE, ['run', 'env', name])
    ? replaceScalar(planText, PLAN_FILE, ['run', 'env', name], literal)
    : addScalar(planText, PLAN_FILE, ['run', 'env'], name, literal);

function withArgument(
  { command, shell }: Command & { shell: boolean },
  knob: Knob,
  literal: string,
): string {
  const template = templateOf(knob);
  const there = argumentIn(command, template, shell);
  if (there)
    return command.slice(0, there.start) + written(there.form, literal) + command.slice(there.end);
  if (!shell) return `${command} ${written(template.forms[0], literal)}`;
  const because = 'with shell: true AutoLab cannot tell where it goes';
  throw trouble(`expected ${template.shown} in run.command (${because}), found ${command}`);
}

/** One way to write an argument: the words before, then one word with the value in it. */
interface Form {
  readonly lead: readonly string[];
  readonly before: string;
  readonly after: string;
}

interface Template {
  /** As a person reads it. */
  readonly shown: string;
  /** The plan's own first; then what a command line parser takes for the same. */
  readonly forms: readonly [Form, ...Form[]];
}

function templateOf(knob: Knob): Template {
  const shown = knob.arg ?? '';
  const words = splitCommand(shown.includes('{value}') ? shown : `${shown} {value}`);
  const [before, after] = words.at(-1)?.split('{value}') ?? [];
  const lead = words.slice(0, -1);
  if (
    before === undefined ||
    after === undefined ||
    lead.length + before.length + after.length === 0
  )
    throw trouble(`expected an argument with {value} at its end, or a flag, found ${shown}`);
  const own: Form = { lead, before, after };
  const [flag = ''] = lead;
  if (lead.length === 1 && flag.startsWith('--') && before + after === '')
    return { shown, forms: [own, { lead: [], before: `${flag}=`, after: '' }] };
  if (lead.length === 0 && /^--[^=]+=$/.test(before) && after === '')
    return { shown, forms: [own, { lead: [before.slice(0, -1)], before: '', after: '' }] };
  return { shown, forms: [own] };
}

/** The arguments that say the literal, as text of a command. */
const written = ({ lead, before, after }: Form, literal: string): string =>
  [...lead, before + literal + after].map(quoteArgument).join(' ');

/** An argument in a command: the characters [start, end) that say it, in which form. */
interface Argument {
  readonly literal: string;
  readonly start: number;
  readonly end: number;
  readonly form: Form;
}

function argumentIn(command: string, template: Template, shell: boolean): Argument | null {
  const words = wordsOf(command, shell);
  const found = words.flatMap((_, i) =>
    template.forms.flatMap((form) => argumentAt(words.slice(i), form) ?? []),
  );
  if (found.length <= 1) return found[0] ?? null;
  throw trouble(`expected ${template.shown} once in run.command, found it ${found.length} times`);
}

function argumentAt(words: readonly Word[], form: Form): Argument | null {
  const { lead, before, after } = form;
  if (!lead.every((word, i) => words[i]?.value === word)) return null;
  const word = words[lead.length];
  if (!word)
    throw trouble(`expected a value behind ${lead.join(' ')}, found the end of run.command`);
  const fits = word.value.startsWith(before) && word.value.endsWith(after);
  if (!fits || word.value.length < before.length + after.length) return null;
  const literal = word.value.slice(before.length, word.value.length - after.length);
  return { literal, start: words[0]?.start ?? word.start, end: word.end, form };
}

const trouble = (message: string): LabError => new LabError('plan', message, PLAN_FILE);
