/**
 * How numbers are written for people: as many digits as their uncertainty allows and no more.
 * All functions are pure; what is not finite is written NaN, ∞ or −∞.
 */

const MINUS = '−';
const MOST_DECIMALS = 9;

/**
 * Decimals that an uncertainty leaves meaningful: two digits of it where it begins with 1 to 3.5,
 * one digit above (the rule of the Particle Data Group, Review of Particle Physics, section 5.3).
 */
export function decimalsFor(uncertainty: number): number {
  if (!Number.isFinite(uncertainty) || uncertainty <= 0) return 0;
  const exponent = Math.floor(Math.log10(uncertainty));
  const lead = uncertainty / 10 ** exponent;
  const digits = lead < 3.545 || lead >= 9.495 ? 2 : 1;
  const rounded = lead >= 9.495 ? exponent + 1 : exponent;
  return Math.min(MOST_DECIMALS, Math.max(0, digits - 1 - rounded));
}

/** Those of the page, and at least what shows two digits of an arm's own standard deviation. */
export function decimalsOfArm(
  { mean, spread }: { readonly mean: number; readonly spread: number | null },
  decimals: number | undefined,
): number | undefined {
  // Equal numbers have a spread of rounding alone.
  const varies = spread !== null && Number.isFinite(spread) && spread > 1e-12 * Math.abs(mean);
  if (!varies) return decimals;
  return Math.min(MOST_DECIMALS, Math.max(decimals ?? 0, 1 - Math.floor(Math.log10(spread))));
}

/** Decimals for a number of unknown uncertainty: four significant digits. */
const decimalsOf = (value: number): number =>
  value === 0 || !Number.isFinite(value)
    ? 0
    : Math.min(MOST_DECIMALS, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value)))));

/** `1.574`, `−0.038`, `3.1e−7`. Without `decimals`, four significant digits. */
export function plain(value: number, decimals?: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${MINUS}∞`;
  const size = Math.abs(value);
  // Fixed decimals hold a column together, down to where it would be all zeros.
  const tiny = size !== 0 && size < 1e-4 && (decimals === undefined || decimals > 6);
  if (tiny || size >= 1e7) return minus(trimmed(value.toExponential(3)));
  if (decimals !== undefined) return minus(value.toFixed(decimals));
  return minus(Number.isInteger(value) ? String(value) : trimmed(value.toFixed(decimalsOf(value))));
}

/** As `plain`, with its sign: `+0.012`, `−0.038`; what rounds to zero has none. */
export const signed = (value: number, decimals?: number): string => {
  const text = plain(value, decimals);
  const isZero = value !== 0 && /^0(?:\.0*)?$/.test(text);
  return text.startsWith(MINUS) || Number.isNaN(value) || isZero ? text : `+${text}`;
};

/** Decimals at which none of the numbers that is not zero would be written as zero. */
export function telling(decimals: number, ...values: readonly number[]): number {
  const most = Math.min(MOST_DECIMALS, decimals + 3);
  for (let d = decimals; d < most; d++)
    if (values.every((value) => value === 0 || Number(value.toFixed(d)) !== 0)) return d;
  return most;
}

/** `5.8 s`, `2 min 10 s`, `7 h 05 min`. Seconds, 0 or above. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown time';
  if (seconds < 99.95) return `${plain(seconds, seconds < 0.095 ? 3 : seconds < 0.95 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** `87 %` of a fraction. */
export const percent = (fraction: number): string => `${plain(fraction * 100, 0)} %`;

/** `3 fresh seeds`, `1 run`. */
export const counted = (n: number, one: string, many = `${one}s`): string =>
  `${n} ${n === 1 ? one : many}`;

/** `4.2 MB` of bytes. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const at = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n) / 3));
  return `${plain(n / 1000 ** at, at === 0 ? 0 : 1)} ${units[at]}`;
}

const two = (n: number): string => String(n).padStart(2, '0');
const minus = (text: string): string =>
  /^-(?:0(?:\.0*)?)$/.test(text) ? text.slice(1) : text.replaceAll('-', MINUS);
const trimmed = (text: string): string =>
  text.replace(/\.(\d*?)0+(?=e|$)/, (_, kept: string) => (kept ? `.${kept}` : ''));
