/**
 * The first dimension of an array in NumPy's file format, or what is wrong with it; by its header,
 * versions 1 to 3 (numpy.lib.format). Arrays of objects are refused: they are pickled, and reading
 * a pickle runs what it says.
 */
export function rowsOfNpy(bytes: Buffer): number | string {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY') return 'something else';
  const wide = (bytes[6] ?? 1) > 1;
  const start = wide ? 12 : 10;
  const end = start + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.toString('latin1', start, Math.min(end, start + MOST_HEADER));
  const [, kind = '', digits = ''] = /'descr':\s*'[<>|=]?([biufcSU?])(\d*)'/.exec(header) ?? [];
  const [, dimensions] = /'shape':\s*\(([\d,\s]*)\)/.exec(header) ?? [];
  if (kind === '' || dimensions === undefined) return 'an array of something else';
  const shape = dimensions
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(Number);
  const each = (kind === '?' ? 1 : Number(digits)) * (kind === 'U' ? 4 : 1);
  const size = shape.reduce((product, length) => product * length, each);
  if (bytes.length - end !== size)
    return `${bytes.length - end} bytes of numbers, where its header says ${size}`;
  return shape[0] ?? 1;
}

/** A header is a line; one that is longer says nothing that is looked for here. */
const MOST_HEADER = 64 * 1024;
