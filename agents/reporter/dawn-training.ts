import { otherwiseIn, trainsOtherwise } from '../../orchestrator/domain/variant.ts';
import { fact, say, type Sentence } from './fact.ts';
import { code } from './markdown.ts';
import { duration } from './numbers.ts';
import { paragraph, type Block } from './page.ts';
import type { NightRecord } from './records.ts';

/** What the reader has to know where dawn did not train as the night did. */

/** Whether the plan of the night has dawn train otherwise. */
export const dawnDiffers = ({ night }: NightRecord): boolean =>
  night.row.plan !== null && trainsOtherwise(night.row.plan);

/** How dawn trained, and what that means for the numbers. Nothing where it trained as the night did. */
export function dawnTraining(record: NightRecord): readonly Block[] {
  if (!dawnDiffers(record)) return [];
  const { night } = record;
  const how = (part: 'command' | 'args' | 'env') =>
    fact(night, 'plan', (plan) =>
      otherwiseIn({ [part]: plan?.dawn?.[part] })
        .map((each) => code(each, 120))
        .join(', '),
    );
  const { command, args, env, timeout } = night.row.plan?.dawn ?? {};
  const said: readonly Sentence[] = [
    ...(command === undefined
      ? []
      : [say`it ran ${how('command')} instead of the night’s command`]),
    ...(args === undefined ? [] : [say`${how('args')} was added to the command`]),
    ...(env === undefined ? [] : [say`${how('env')} was set`]),
    ...(timeout === undefined
      ? []
      : [
          say`a run might take ${fact(night, 'plan', (plan) => duration(plan?.dawn?.timeout ?? 0))}`,
        ]),
  ];
  const listed = said.flatMap((one, i) => (i === 0 ? one : [', ', ...one]));
  return [
    paragraph(
      say`Dawn trained otherwise than the night: ${listed}. Baseline and best were both trained so, and what is claimed rests on these runs alone. The gains that the search saw at night are of the night’s training, and need not be as large in this one.`,
    ),
  ];
}
