import { LabError } from '../orchestrator/domain/errors.ts';

/** No words of anybody's are longer; a pipe may be endless. */
const MOST_BYTES = 1 << 20;

/** All of standard input as text. Throws LabError usage where it is no UTF-8 text, or endless. */
export async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_BYTES)
      throw new LabError(
        'usage',
        `expected a text on standard input, found more than ${MOST_BYTES} bytes: commit a long text as a file, and name its path here`,
      );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new LabError(
      'usage',
      'expected UTF-8 text on standard input, found other bytes: convert it with iconv',
      undefined,
      error,
    );
  }
}
