import { oneLine } from './markdown.ts';

/** SVG by hand: elements as text, everything from outside escaped. */

type Attributes = Readonly<Record<string, string | number>>;

/** An element; numbers are written with at most two decimals, so that output is stable and short. */
export function tag(name: string, attributes: Attributes, ...inside: readonly string[]): string {
  const written = Object.entries(attributes).map(
    ([key, value]) =>
      ` ${key}="${typeof value === 'number' ? Number(value.toFixed(2)) : xml(value)}"`,
  );
  return inside.length === 0
    ? `<${name}${written.join('')}/>`
    : `<${name}${written.join('')}>${inside.join('')}</${name}>`;
}

/** Text as the content of an element or attribute: one line, no markup, no characters XML forbids. */
export const xml = (text: string): string =>
  oneLine(text, Number.POSITIVE_INFINITY)
    .replace(
      /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ufffe\uffff]/g,
      '\ufffd',
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

export const label = (at: Attributes, text: string): string => tag('text', at, xml(text));

/** A group with a title, which browsers show when the mouse rests on it. */
export const titled = (
  title: string,
  attributes: Attributes,
  ...inside: readonly string[]
): string => tag('g', attributes, tag('title', {}, xml(title)), ...inside);
