import { Lexer } from 'yaml';

/** No plan and no configuration file nests like this; a few hundred more exhaust the stack. */
const DEEPEST = 100;

/** What the lexer says before the text of a scalar. */
const SCALAR = '\u001f';
/** It, and the beginning of a document and the end of a broken bracket. */
const SIGNS: ReadonlySet<string> = new Set([SCALAR, '\u0002', '\u0018']);

/**
 * True where a YAML text nests deeper than its parser, which calls itself for each level, can be
 * trusted with. An exhausted stack cannot always be caught: in the middle of compiling a regular
 * expression it ends the process. The lexer does not call itself.
 */
export function nestsTooDeep(text: string): boolean {
  /** Columns at which the collections around the present place begin. */
  const blocks: number[] = [];
  let flow = 0;
  let offset = 0;
  let lineStart = 0;
  let fresh = true;
  let scalar = false;
  for (const token of new Lexer().lex(text)) {
    const isScalar = scalar;
    scalar = token === SCALAR;
    // The lexer's own signs are no part of the text.
    if (SIGNS.has(token)) continue;
    if (isScalar) fresh &&= enter(blocks, offset - lineStart, flow);
    else if (token === '[' || token === '{') flow += 1;
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1);
    else if (token === '-' || token === '?') fresh = enter(blocks, offset - lineStart, flow);
    // A list may stand at the column of its key.
    if (2 * blocks.length + flow > DEEPEST) return true;
    const newline = token.lastIndexOf('\n');
    if (newline >= 0) {
      lineStart = offset + newline + 1;
      fresh = true;
    }
    offset += token.length;
  }
  return false;
}

/** Leaves the collections that begin further right, and enters one. False: the line has begun. */
function enter(blocks: number[], column: number, flow: number): false {
  if (flow > 0) return false;
  while ((blocks.at(-1) ?? -1) >= column) blocks.pop();
  blocks.push(column);
  return false;
}
