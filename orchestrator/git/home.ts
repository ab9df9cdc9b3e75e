import type { Place } from './hardened.ts';

/** A repository as it was opened. */
export interface Home {
  /** The user's checkout that it was opened from. */
  readonly user: Place;
  /** The common .git folder, of this and all other checkouts. */
  readonly commonDir: string;
}

/** For what reads or writes objects and branches: nothing of the user's checkout has a say. */
export const plumbing = ({ user, commonDir }: Home): Place => ({
  gitDir: commonDir,
  workTree: user.workTree,
  ofUser: false,
});
