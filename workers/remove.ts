import { rm } from 'node:fs/promises';
import { execa } from 'execa';

/**
 * Removes a folder in which anybody may have done anything. Names of hundreds of letters, nested,
 * make paths longer than any call takes: `rm` goes down folder by folder and has no such limit.
 * Throws where something stays.
 */
export async function removeWhole(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    // A folder that may not be looked into is not empty, but for root.
    await execa('chmod', ['-R', 'u+rwX', '--', folder], { reject: false });
    await execa('rm', ['-rf', '--', folder], { reject: false });
    await rm(folder, { recursive: true, force: true });
  }
}
