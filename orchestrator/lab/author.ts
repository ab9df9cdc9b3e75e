import { userInfo } from 'node:os';
import type { Lab } from './lab.ts';

const LONGEST = 100;

/** Whose words these are: who git commits as here, else who the system says is logged in. */
export async function author({ repository }: Lab): Promise<string> {
  const name = (await repository.userName()) ?? systemUser();
  // One line, since it stands beside words everywhere.
  return name
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST);
}

/** A container may run under a number that has no name. */
export function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody';
  }
}
