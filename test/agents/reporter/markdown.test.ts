import { describe, expect, test } from 'vitest';
import { code, escaped, fenceFor, oneLine, tail } from '../../../agents/reporter/markdown.ts';

describe('text of others in Markdown', () => {
  test('a name with underscores stays readable', () => {
    expect(escaped('val_bpb')).toBe('val_bpb');
    expect(escaped('_emphasis_')).toBe('\\_emphasis\\_');
  });

  test('markup is shown, not acted on', () => {
    expect(escaped('a|b `c` *d* [e](f) <g> ~h~ $i$')).toBe(
      'a\\|b \\`c\\` \\*d\\* \\[e\\](f) &lt;g\\> \\~h\\~ \\$i\\$',
    );
    expect(escaped('# no heading')).toBe('\\# no heading');
    expect(escaped('- no item')).toBe('\\- no item');
    expect(escaped('1. no list')).toBe('1\\. no list');
    expect(escaped('&lt;')).toBe('&amp;lt;');
  });

  test('lines, controls and marks that reorder text are gone', () => {
    expect(oneLine('a\n\tb\r\nc\u0007\u001b[31m\u202ed')).toBe('a b c[31md');
  });

  test('long text is cut between characters, never within one', () => {
    expect(oneLine('🚀'.repeat(10), 4)).toBe('🚀🚀🚀…');
  });

  test('a value is code where code is safe', () => {
    expect(code('learning_rate=0.03')).toBe('`learning_rate=0.03`');
    expect(code('a`b')).toBe('a\\`b');
    expect(code('a|b')).toBe('a\\|b');
  });

  test('a traceback keeps its last lines, and its fence is longer than any in it', () => {
    expect(tail('1\n2\r\n3\n', 2)).toBe('2\n3');
    expect(fenceFor('no ticks')).toBe('```');
    expect(fenceFor('x ```` y')).toBe('`````');
  });
});
