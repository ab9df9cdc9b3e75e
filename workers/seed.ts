/**
 * A text with the seed written into every place that `match` describes: `manual_seed({value})`
 * finds `torch.manual_seed(1337)`. Null where there is none, or where `match` lacks `{value}`.
 */
export function writeSeed(text: string, match: string, seed: number): string | null {
  const parts = match.split('{value}');
  if (parts.length !== 2) return null;
  const [before = '', after = ''] = parts.map((part) =>
    part
      .trim()
      .split(/\s+/)
      .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('\\s+'),
  );
  // An integer literal, hexadecimal and 1_000 included; nothing that a name could continue.
  const place = new RegExp(`(${before}\\s*)(?<![\\w.])[-+]?\\d[\\w]*(?![\\w.])(\\s*${after})`, 'g');
  let found = false;
  const written = text.replace(place, (_, head: string, tail: string) => {
    found = true;
    return `${head}${seed}${tail}`;
  });
  return found ? written : null;
}
