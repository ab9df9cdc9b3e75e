import { LabError } from '../orchestrator/domain/errors.ts';
import { changeAsData, changeInWords } from '../orchestrator/domain/hypothesis.ts';
import { openLabState, readLabPlan, type Lab, type LabPlan } from '../orchestrator/lab/lab.ts';
import { propose, type ProposalMade } from '../orchestrator/lab/propose.ts';
import { absolute } from '../orchestrator/lab/proposed-change.ts';
import { bold, dim, oneLine, print, printJson, yellow } from './output.ts';

interface Options {
  readonly change?: readonly string[];
  readonly patch?: string;
  readonly idea?: string;
  readonly because?: string;
  readonly line?: string;
  readonly again?: boolean;
  readonly json?: boolean;
}

/** `autolab propose "title" --change k=v | --patch FILE | --idea WORDS --because …` */
export async function run([title = '']: readonly string[], options: Options): Promise<number> {
  const { change, patch, idea, because = '', line, again, json } = options;
  const { lab, state } = await openLabState(process.cwd());
  const labPlan = await planToCheckAgainst(lab);
  const from = patch === undefined ? undefined : absolute(process.cwd(), patch);
  const made = await propose(lab, state, labPlan, {
    ...{ title, because, line, again, change, idea },
    patch: from,
  });
  showProposal(made, json);
  return 0;
}

export const planToCheckAgainst = (lab: Lab): Promise<LabPlan> =>
  readLabPlan(lab).catch((error: unknown) => {
    if (!(error instanceof LabError) || error.code !== 'plan') throw error;
    const text = `a proposal is checked against the plan, which cannot be used as it is:\n${error.message}`;
    throw new LabError('plan', text, error.where, error);
  });

/** What was asked for, and when it is tried. */
export function showProposal(made: ProposalMade, json = false): void {
  if (json) return printJson(asData(made));
  const { proposal } = made.event;
  const what = oneLine(changeInWords(proposal.change));
  print(`queued: ${bold(oneLine(proposal.title))}  ${dim(what)}`);
  for (const remark of made.remarks) print(yellow(oneLine(remark)));
  print(dim(whenInWords(made)));
}

const asData = ({ event, when, remarks, ...rest }: ProposalMade) => {
  const { title, because, source, line, change } = event.proposal;
  return {
    ...{ key: event.key, status: 'queued', title, because, source, line },
    ...{ change: changeAsData(change), who: event.who, again: event.again ?? false },
    ...{ when, ...rest, remarks },
  };
};

function whenInWords({ when, night, incumbent }: ProposalMade): string {
  const on = incumbent === null ? '' : `, on ${incumbent} or what it builds on by then`;
  if (when === 'next') return `${night} tries it next${on}, if its budget has a run left for it`;
  if (when === 'next_launch')
    return `autolab launch goes on with ${night}, and tries it first${on}, if its budget has a run left`;
  return 'the next night tries it first';
}
