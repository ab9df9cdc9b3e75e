import { readSource } from './source.ts';

/**
 * The metric that the text of a plan names, also where the plan is not right as a whole; null where
 * it names none. Loads no schema: on a slow machine that takes a quarter of a second.
 */
export function metricIn(text: string): string | null {
  const data = readSource(text).source?.data as { objective?: { metric?: unknown } } | null;
  const metric = data?.objective?.metric;
  return typeof metric === 'string' ? metric : null;
}
