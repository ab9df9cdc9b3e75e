import { setTimeout as wait } from 'node:timers/promises';
import { putInInbox } from '../../notebook/inbox.ts';
import { holderOf } from '../../notebook/lock.ts';
import { readNotebook } from '../../notebook/reader.ts';
import {
  acknowledged,
  launchToTheEnd,
  launchWith,
  startLaunch,
  type Fault,
  type Launch,
} from './faults.ts';
import { intact, processesOf, queuesOf, sameCheckout } from './faults-intact.ts';
import { checkout, type FixtureLab } from './lab.ts';

/** Ways to kill a night, and what must hold after each of them. */

/** A night that is killed at one record and launched again. What is wrong in the end. */
export async function killedOnce(lab: FixtureLab, fault: Fault): Promise<readonly string[]> {
  const before = checkout(lab);
  const killed = await launchWith(lab, fault);
  if (killed.signal !== 'SIGKILL' && killed.code !== 0)
    return [`expected a kill, or a night that was over before, found: ${killed.said}`];
  const meanwhile = sameCheckout(before, checkout(lab));
  // A night that was over before the record came is not followed by another.
  if (killed.signal !== null) await launchToTheEnd(lab);
  return [...meanwhile, ...(await intact(lab, { checkout: before }))];
}

/** A night of which every launch is killed at its `step`-th record, until one comes to the end. */
export async function killedAtEach(
  lab: FixtureLab,
  fault: Omit<Fault, 'record'>,
  step: number,
): Promise<{ readonly kills: number; readonly problems: readonly string[] }> {
  const before = checkout(lab);
  const problems: string[] = [];
  for (let kills = 0; ; kills++) {
    const { signal, code, said } = await launchWith(lab, { ...fault, record: step });
    problems.push(...sameCheckout(before, checkout(lab)));
    if (signal === 'SIGKILL' && kills < 200) continue;
    if (code !== 0) problems.push(`expected the night to end, found ${code ?? signal}: ${said}`);
    problems.push(...(await intact(lab, { checkout: before })));
    return { kills, problems };
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What can befall a night, and how often in a hundred. */
const BLOWS = {
  'the launch is killed': 40,
  'the process of the embedded queue is killed': 6,
  'a training process is killed': 16,
  'everything is killed': 16,
  SIGTERM: 5,
  SIGINT: 5,
  'SIGINT twice': 4,
  'a wish to drain in the inbox': 4,
  'a wish to stop now in the inbox': 4,
} as const;
type Blow = keyof typeof BLOWS;

export interface Battered {
  readonly blows: readonly Blow[];
  readonly nights: number;
  readonly problems: readonly string[];
}

/** Nights that so many blows fall on at random moments, launched again each time; then to the end. */
export async function battered(lab: FixtureLab, seed: number, many: number): Promise<Battered> {
  const random = randomFrom(seed);
  const before = checkout(lab);
  const blows: Blow[] = [];
  const problems: string[] = [];
  let launch = startLaunch(lab);
  while (blows.length < many) {
    await someMoment(lab, launch, random);
    if (!over(launch)) {
      const blow = drawn(random);
      blows.push(blow);
      await strike(lab, launch, blow);
    }
    if (!over(launch)) continue;
    const { code, signal, said } = await launch.ended;
    if (![0, 130, null].includes(code)) problems.push(`a launch ended with ${code}: ${said}`);
    problems.push(...sameCheckout(before, checkout(lab)));
    if (code === 0) problems.push(...(await intact(lab, { checkout: before })));
    if (problems.length > 0) return { blows, nights: 0, problems: [`${signal}`, ...problems] };
    if (blows.length < many) launch = startLaunch(lab);
  }
  if ((await launch.ended).code !== 0) await launchToTheEnd(lab);
  problems.push(...(await intact(lab, { checkout: before })));
  const { state } = await readNotebook(`${lab.root}/data/notebook`);
  return { blows, nights: state.nights.size, problems };
}

const over = ({ process }: Launch): boolean =>
  process.exitCode !== null || process.signalCode !== null;

/** Some records further and a little later; one time in five within the launch's first seconds. */
async function someMoment(lab: FixtureLab, launch: Launch, random: () => number): Promise<void> {
  if (random() < 0.2) return void (await Promise.race([wait(random() * 3000), launch.ended]));
  const until = acknowledged(lab).length + Math.floor(random() * 14);
  while (acknowledged(lab).length < until && !over(launch)) await wait(20);
  await Promise.race([wait(random() * 500), launch.ended]);
}

function drawn(random: () => number): Blow {
  let left = random() * 100;
  for (const [blow, share] of Object.entries(BLOWS)) if ((left -= share) < 0) return blow as Blow;
  return 'the launch is killed';
}

/** Long enough for what runs to finish on a busy machine; after it something hangs. */
const PATIENCE_MS = 90_000;

async function strike(lab: FixtureLab, launch: Launch, blow: Blow): Promise<void> {
  const { process: child } = launch;
  const kill = (pids: readonly number[]): void => {
    for (const pid of pids)
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone meanwhile
      }
  };
  switch (blow) {
    case 'a training process is killed':
      return kill(
        processesOf(lab)
          .filter(({ run }) => run)
          .slice(0, 1)
          .map(({ pid }) => pid),
      );
    case 'the process of the embedded queue is killed':
      return kill(queuesOf(lab));
    case 'everything is killed':
      kill(processesOf(lab).map(({ pid }) => pid));
      break;
    case 'the launch is killed':
      child.kill('SIGKILL');
      break;
    case 'SIGTERM':
    case 'SIGINT':
      child.kill(blow);
      break;
    case 'SIGINT twice':
      child.kill('SIGINT');
      await wait(50);
      child.kill('SIGINT');
      break;
    default:
      if (!(await wished(lab, blow))) return;
  }
  await endOf(launch, blow);
}

/** `autolab stop`, as it leaves its wish. False where no night runs that could hear it. */
async function wished(lab: FixtureLab, blow: Blow): Promise<boolean> {
  const dir = `${lab.root}/data/notebook`;
  const how = blow === 'a wish to drain in the inbox' ? 'drain' : 'now';
  const { state } = await readNotebook(dir);
  const night = state.night === null ? undefined : state.nights.get(state.night);
  if (!night || night.ended || !(await holderOf(dir))) return false;
  await putInInbox(dir, { type: 'stopping', night: night.id, how, who: 'a test' });
  return true;
}

async function endOf(launch: Launch, blow: Blow): Promise<void> {
  const ended = await Promise.race([launch.ended, wait(PATIENCE_MS, null, { ref: false })]);
  if (ended !== null) return;
  launch.process.kill('SIGKILL');
  await launch.ended;
  throw new Error(`expected the launch to end after: ${blow}; it still ran: ${launch.said()}`);
}
