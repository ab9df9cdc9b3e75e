import { userInfo } from 'node:os';
import { openLab } from './lab.ts';
import type { LabPlace } from './place.ts';

const LONGEST = 100;

/** Whose words these are: who git commits as here, else who the system says is logged in. */
export async function author({ root }: LabPlace): Promise<string> {
  const { repository } = await openLab(root);
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
