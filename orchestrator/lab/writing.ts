import type { Author } from '../../agents/worker/author.ts';
import type { ShutInAgent } from '../../workers/coding-agent/coding-agent.ts';
import type { Desk } from '../domain/desk.ts';
import type { Model } from '../domain/model.ts';
import type { Plan } from '../domain/plan.ts';
import { clock, type Lab } from './lab.ts';
import { settingsAt } from './look.ts';

/** Who writes the night's patches, and the desk that patches are looked at on. */
export interface Writing {
  /** The plan's coding agent, or else its model; without either, nobody. */
  readonly author: Author;
  readonly desk: Desk;
}

export async function openWriting(
  lab: Lab,
  plan: Plan,
  model: Model,
  onRemark: (text: string) => void,
): Promise<Writing> {
  const [{ openDesk }, { clearHomes }] = await Promise.all([
    import('../../workers/desk.ts'),
    import('../../workers/coding-agent/scratch.ts'),
  ]);
  // Whatever the plan says now.
  await clearHomes(lab.cacheDir);
  const desk = openDesk(lab.repository, process.env, (plan, commit) =>
    // A patch may have taken a knob's line away.
    settingsAt(lab, plan, commit).catch(() => null),
  );
  if (plan.worker !== undefined)
    return { author: await codingAgent(lab, plan, desk, onRemark), desk };
  if (!model.has('worker')) return { author: {}, desk };
  const { createAuthor } = await import('../../agents/worker/author.ts');
  return { author: createAuthor({ model, desk }), desk };
}

/** Whether the plan's coding agent would see its own program; null where nobody can tell. */
export async function agentSeesItself(lab: Lab, plan: Plan): Promise<boolean | null> {
  const { worker } = plan;
  if (worker === undefined) return null;
  const { seesItsProgram } = await import('../../workers/coding-agent/coding-agent.ts');
  return seesItsProgram(await shutInOf(lab), { plan, worker });
}

/** What a coding agent of this lab is shut in with. */
async function shutInOf({ root, cacheDir, repository }: Lab) {
  const { shutInAgent } = await import('../../workers/sandbox/coding-agent.ts');
  const user = process.env;
  const ground = { root, cacheDir, gitDir: repository.gitDir, user, links: [] };
  const shutIn: ShutInAgent = (wish) => shutInAgent(ground, wish);
  return { cacheDir, user, shutIn };
}

async function codingAgent(
  lab: Lab,
  plan: Plan,
  desk: Desk,
  onRemark: (text: string) => void,
): Promise<Author> {
  const [{ openCodingAgent }, { codingAuthor }, { chooseSandbox }] = await Promise.all([
    import('../../workers/coding-agent/coding-agent.ts'),
    import('../../agents/worker/coding.ts'),
    import('../../workers/local.ts'),
  ]);
  if ((await chooseSandbox(plan.sandbox)).sandbox === null)
    onRemark('the coding agent is not shut in: it can read and write what you can');
  const { repository } = lab;
  const agent = openCodingAgent({ ...(await shutInOf(lab)), repository, clock });
  return codingAuthor({ agent, desk });
}
