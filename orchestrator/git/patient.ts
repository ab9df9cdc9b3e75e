import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { withAsk } from './hardened.ts';
import type { Git, Outcome, Place } from './hardened.ts';
import type { Home } from './home.ts';
import { lockInTheWay, outlast } from './locks.ts';

/**
 * git that asks again where another git's lock kept it from its work (see `outlast`), and says so
 * where it was the disk that had no room: git itself often does not.
 */
export function patient(git: Git, home: Home): Git {
  return withAsk(git, async (place, args, call) => {
    for (let tries = 0; ; tries++) {
      const outcome = await git.ask(place, args, call);
      if (outcome.code === 0) return outcome;
      const lock = lockInTheWay(outcome, place);
      if (lock === null || tries === TRIES) return explained(outcome, place);
      await outlast(home, lock, place);
    }
  });
}

/** More locks than git takes for one call. */
const TRIES = 8;

const NO_ROOM = 'No space left on device';
/** Less than this, and it is no wonder that git could not write. */
const ROOM_BYTES = 1 << 20;

async function explained(outcome: Outcome, place: Place): Promise<Outcome> {
  const { stderr } = outcome;
  if (stderr.includes(NO_ROOM) || !/writ|diskspace|mkdir|create/i.test(stderr)) return outcome;
  for (const path of [place.gitDir, place.workTree, tmpdir()]) {
    const found = await statfs(path).catch(() => null);
    if (found === null) continue;
    const full = found.bavail * found.bsize < ROOM_BYTES || (found.files > 0 && found.ffree === 0);
    if (full) return { ...outcome, stderr: `${stderr}\nerror: ${NO_ROOM} (${path})\n` };
  }
  return outcome;
}
