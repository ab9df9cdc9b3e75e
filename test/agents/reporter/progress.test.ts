import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { axisFor } from '../../../agents/reporter/axis.ts';
import { gather } from '../../../agents/reporter/gather.ts';
import { progressSvg } from '../../../agents/reporter/progress.ts';
import { notebookOf } from './kept.ts';
import * as nights from './nights.ts';
import type { Told } from './told.ts';

const NIGHTS = Object.entries(nights);

const drawn = async (night: Told): Promise<string> =>
  progressSvg(await gather(await notebookOf(night), 'N-0002'));

/** Throws where tags do not nest or text holds a bare `<` or `&`. */
function nested(svg: string): void {
  const open: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/gi,
    (_, closing, name, __, alone) => {
      if (closing && open.pop() !== name) throw new Error(`</${name}> closes nothing`);
      if (!closing && !alone) open.push(name);
      return '';
    },
  );
  if (open.length > 0) throw new Error(`not closed: ${open.join(' ')}`);
  if (/[<]|&(?!(?:amp|lt|gt|quot);)/.test(rest)) throw new Error(`bare markup: ${rest}`);
}

/** The marks of a class with their vertical place. */
const circles = (svg: string, kind: string): number[] =>
  [...svg.matchAll(new RegExp(`<circle class="${kind}" cx="[^"]*" cy="([^"]*)"`, 'g'))].map(
    (match) => Number(match[1]),
  );
const bestLine = (svg: string): string => /<path class="best" d="([^"]*)"/.exec(svg)?.[1] ?? '';

test.each(NIGHTS)(
  'the picture of %s is well formed, with a title and a description',
  async (_, night) => {
    const svg = await drawn(night);
    nested(svg);
    expect(svg).toMatch(/<title id="title">.+<\/title>\n<desc id="desc">.+<\/desc>/);
    expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
  },
);

/** Any renderer of SVG; without one its tests are skipped. */
const RENDERER = 'rsvg-convert';
const hasRsvg = (() => {
  try {
    execFileSync(RENDERER, ['--version']);
    return true;
  } catch {
    return false;
  }
})();

test.runIf(hasRsvg).each(NIGHTS)('a renderer draws the picture of %s', async (_, night) => {
  const png = execFileSync(RENDERER, ['-w', '480'], { input: await drawn(night) });
  expect(png.subarray(1, 4).toString()).toBe('PNG');
});

describe('the picture', () => {
  test('steps its best line where something replicated, and nowhere else', async () => {
    const lucky: Told = {
      tried: [
        { id: 'E-0000', values: [1.61, 1.62, 1.615] },
        { id: 'E-0001', change: { width: '64' }, values: [1.2], verdict: 'inconclusive' },
        {
          id: 'E-0002',
          change: { width: '48' },
          values: [1.55, 1.56, 1.555],
          verdict: 'promising',
        },
        { id: 'E-0003', change: { width: '16' }, values: [1.5], verdict: 'promising' },
      ],
    };
    expect(bestLine(await drawn(lucky)).match(/V/g)).toHaveLength(1);
    expect(bestLine(await drawn(nights.NOTHING))).toBe('');
  });

  test('draws a best line of any length', async () => {
    const steps = Array.from({ length: 40 }, (_, i) => ({
      id: `E-${String(i).padStart(4, '0')}`,
      change: { width: String(i) },
      values: [2 - i / 50, 2.001 - i / 50, 1.999 - i / 50],
      verdict: 'promising',
    }));
    expect(bestLine(await drawn({ tried: steps })).match(/V/g)).toHaveLength(39);
  });

  test('goes the other way where more is better', async () => {
    const svg = await drawn({
      night: { direction: 'maximize' },
      tried: [
        { id: 'E-0000', values: [0.7, 0.71, 0.72] },
        { id: 'E-0001', change: { width: '64' }, values: [0.8, 0.81, 0.82], verdict: 'promising' },
      ],
    });
    expect(svg).toContain('higher is better');
    const [from, to] = [/^M\S+ (\S+?)H/.exec(bestLine(svg)), /V([\d.]+)/.exec(bestLine(svg))].map(
      (match) => Number(match?.[1]),
    );
    expect(to).toBeLessThan(from ?? 0);
  });

  test('marks failures off the scale, and they do not stretch it', async () => {
    const svg = await drawn(nights.ALL_FAILED);
    expect(svg.match(/class="bad line"/g)).toHaveLength(4); // three, and the legend's
    expect(circles(svg, 'base')).toHaveLength(2);
  });

  test('clips an outlier with an arrow and its value', async () => {
    const svg = await drawn(nights.CONFIRMED);
    expect(svg).toContain('>5.9100</text>');
    expect(svg).toContain('Arrows: off the scale.');
  });

  test('reads on light and dark pages', async () => {
    const svg = await drawn(nights.CONFIRMED);
    expect(svg).toContain('@media(prefers-color-scheme:dark)');
    expect(svg).toContain('class="paper"');
  });

  test('is the same every time', async () => {
    // Another object, so that its notebook is made and asked anew.
    expect(await drawn({ ...nights.CONFIRMED })).toBe(await drawn(nights.CONFIRMED));
  });
});

describe('the axis', () => {
  test('holds what lies together, and leaves out what lies far away', () => {
    const axis = axisFor([1.5, 1.51, 1.52, 1.53, 1.49, 90], [1.5]);
    expect(axis.high).toBeLessThan(2);
  });

  test('always holds the baseline and the best, however far', () => {
    const axis = axisFor([1, 1.01, 1.02, 1.01, 1.0], [5]);
    expect(axis.high).toBeGreaterThan(5);
  });

  test('is a range even for one value, for equal ones and for none', () => {
    for (const values of [[2], [3, 3, 3], [0], [], [Number.NaN, Infinity]]) {
      const { low, high, ticks } = axisFor(values, []);
      expect(high).toBeGreaterThan(low);
      expect(ticks.length).toBeGreaterThan(2);
    }
  });

  test('has ticks that people would choose', () => {
    expect(axisFor([0.1, 0.9], []).ticks.map(({ label }) => label)).toEqual([
      '0.2',
      '0.4',
      '0.6',
      '0.8',
    ]);
    const tiny = axisFor([1e-9, 9e-9], []).ticks.map(({ label }) => label);
    expect(tiny).toContain('4e−9');
    expect(new Set(tiny).size).toBe(tiny.length);
  });
});
