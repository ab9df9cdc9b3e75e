/** The finite number that a knob's literal is, `1_000` included; null where it is none. */
export function numberIn(literal: string): number | null {
  const plain = literal.trim().replace(/(\d)_(?=\d)/g, '$1');
  const number = plain === '' ? Number.NaN : Number(plain);
  return Number.isFinite(number) ? number : null;
}
