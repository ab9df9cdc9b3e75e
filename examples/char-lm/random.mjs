/**
 * A stream of 32-bit random numbers (sfc32, by Chris Doty-Humphrey) of its own for each seed and
 * name, so that drawing more from one, say for a wider layer, leaves the others as they were.
 */
export function randomStream(seed, name) {
  let [a, b, c] = [hash(`${seed}/${name}/a`), hash(`${seed}/${name}/b`), hash(`${seed}/${name}/c`)];
  let counter = 1;
  const integer = () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
  for (let i = 0; i < 12; i++) integer();
  const uniform = () => integer() / 2 ** 32;
  return {
    /** In [0, 1). */
    uniform,
    /** A whole number in [from, to). */
    between: (from, to) => from + Math.floor(uniform() * (to - from)),
    /** Of mean 0 and variance 1 (Box and Muller, 1958). */
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** 32 bits of a text: FNV-1a, then the finaliser of MurmurHash3, since FNV alone mixes its high bits badly. */
export function hash(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
