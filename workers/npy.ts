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
  if (end - start > MOST_HEADER) return 'an array of something else';
  const found = HEADER.exec(bytes.toString('latin1', start, end));
  if (found === null) return 'an array of something else';
  const [, kind = '', digits = '', dimensions = ''] = found;
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

/**
 * All of a header, as NumPy writes it: one that says more, or anything twice, could say one thing
 * here and another to who reads the numbers. Its blanks are single ones, so that no header has the
 * expression try the same again and again.
 */
const HEADER =
  /^\{'descr': ?'[<>|=]?([biufcSU?])(\d*)', ?'fortran_order': ?(?:True|False), ?'shape': ?\(((?:\d+, ?)*\d*)\),? ?\} *\n?$/;
const MOST_HEADER = 64 * 1024;
