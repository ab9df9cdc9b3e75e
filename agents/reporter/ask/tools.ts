import { z } from 'zod';
import type { NotebookReader } from '../../../orchestrator/domain/ports.ts';
import { LabError } from '../../../orchestrator/domain/errors.ts';
import { carryOut, type At, type Found, type Tool } from './tool.ts';
import { best } from './tools/best.ts';
import * as lab from './tools/lab.ts';
import * as list from './tools/list.ts';
import * as one from './tools/one.ts';

/** Every tool, the special ones first: free SQL is the last resort. */
export const TOOLS = [
  best,
  one.show,
  one.compare,
  one.history,
  one.metrics,
  one.settings,
  list.experiments,
  list.runs,
  list.hypotheses,
  list.nights,
  lab.failures,
  lab.flags,
  lab.words,
  lab.spend,
  lab.timeline,
  lab.baseline,
  lab.next,
  lab.lines,
  lab.sandbox,
  lab.sql,
] as const;

type ToolOf<T> = T extends Tool<infer Name, infer Args> ? { tool: Name; args: Args } : never;
/** A call of a tool: its name and its arguments. */
export type Call = ToolOf<(typeof TOOLS)[number]>;

/** Checks the arguments, since a model may have written them, and asks. Throws LabError usage. */
export async function callTool(
  notebook: NotebookReader,
  call: Call,
  at: At,
  name: string,
): Promise<Found> {
  const found = TOOLS.find((one) => one.name === call.tool) as Tool | undefined;
  if (!found) throw new LabError('usage', `expected a tool, found ${call.tool}`);
  const args = found.args.safeParse(call.args);
  if (!args.success) throw new LabError('usage', `${call.tool}: ${z.prettifyError(args.error)}`);
  return carryOut(notebook, { name: call.tool, args: args.data }, found.ask(args.data, at), name);
}
