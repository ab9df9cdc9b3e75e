import { StringDecoder } from 'node:string_decoder';

const NEWLINE = '\n';
const RETURN = '\r';

/** Bytes in, lines out. */
export interface LineSplitter {
  push(chunk: Buffer): void;
  /** Hands over what stands after the last break. */
  end(): void;
}

/**
 * Splits at newlines and carriage returns (progress bars rewrite their line). Empty lines and
 * lines of more than `limit` characters are not handed over, so that one endless line costs no
 * memory; `readline` crashes the process on it.
 */
export function createLineSplitter(
  limit: number,
  onLine: (line: string) => void,
  /** Told of each line that was too long. */
  onOverlong: () => void = () => undefined,
): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let partial = '';
  let overlong = false;

  const take = (text: string, from: number, to: number): void => {
    const length = partial.length + to - from;
    if (overlong) overlong = false;
    else if (length > limit) onOverlong();
    else if (partial !== '') onLine(partial + text.slice(from, to));
    else if (length > 0) onLine(text.slice(from, to));
    partial = '';
  };

  return {
    push(chunk) {
      const text = decoder.write(chunk);
      let from = 0;
      let newline = text.indexOf(NEWLINE);
      let back = text.indexOf(RETURN);
      while (newline >= 0 || back >= 0) {
        const first = back < 0 || (newline >= 0 && newline < back);
        const end = first ? newline : back;
        take(text, from, end);
        from = end + 1;
        if (first) newline = text.indexOf(NEWLINE, from);
        else back = text.indexOf(RETURN, from);
      }
      if (overlong || from === text.length) return;
      partial += text.slice(from);
      if (partial.length > limit) {
        overlong = true;
        partial = '';
        onOverlong();
      }
    },
    end() {
      const rest = decoder.end();
      take(rest, 0, rest.length);
    },
  };
}
