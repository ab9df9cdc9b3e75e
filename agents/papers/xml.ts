/** As much of an XML document as a feed needs: elements and their text. */
export interface Element {
  /** As written, prefix included. */
  readonly name: string;
  /** Its own text and that of what is in it. */
  readonly text: string;
  readonly children: readonly Element[];
}

/**
 * Reads a document's outermost element; attributes are passed over. It knows no entities but the
 * five of XML and character references: a document that declares its own, or has any other DOCTYPE,
 * is refused, so that nothing in it can grow or be fetched. Throws an Error that says where.
 */
export function readXml(document: string): Element {
  const open: Growing[] = [{ name: '', text: '', children: [] }];
  for (let at = 0; at < document.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(document)?.groups;
    if (!token) throw new Error(`expected XML, found ${excerpt(document, at)} at character ${at}`);
    const { text, cdata, close, name, empty } = token;
    const inner = open.at(-1) as Growing;
    if (text !== undefined) inner.text += unescaped(text);
    else if (cdata !== undefined) inner.text += cdata;
    else if (close !== undefined) shut(open, close);
    else if (name !== undefined) {
      if (open.length > DEEPEST) throw new Error(`expected at most ${DEEPEST} elements deep`);
      open.push({ name, text: '', children: [] });
      if (empty) shut(open, name);
    }
  }
  const [top, unclosed] = open;
  if (unclosed) throw new Error(`expected </${unclosed.name}>, found the end of the document`);
  const [root] = top?.children ?? [];
  if (!root) throw new Error('expected an element, found none');
  return root;
}

export const childrenOf = ({ children }: Element, name: string): readonly Element[] =>
  children.filter((child) => child.name === name);

/** Text of the first child of that name; empty where there is none. */
export const textOf = (element: Element, name: string): string =>
  childrenOf(element, name)[0]?.text.trim() ?? '';

interface Growing extends Element {
  text: string;
  readonly children: Element[];
}

const DEEPEST = 50;

/** Tried once at each place, and every alternative begins otherwise: no document makes it slow. */
const TOKEN =
  /(?<text>[^<]+)|<!\[CDATA\[(?<cdata>.*?)\]\]>|<!--.*?-->|<\?.*?\?>|<\/(?<close>[\w:.-]+)\s*>|<(?<name>[\w:.-]+)(?:[^<>"'/]|\/(?!>)|"[^"]*"|'[^']*')*(?<empty>\/)?>/sy;

function shut(open: Growing[], name: string): void {
  const last = open.pop();
  const outer = open.at(-1);
  if (!last || !outer || last.name !== name)
    throw new Error(`expected </${last?.name ?? ''}>, found </${name}>`);
  outer.children.push(last);
  outer.text += last.text;
}

const unescaped = (text: string): string =>
  text.replace(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w+));/gi, (all, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES.get(name as string) ?? all;
    const code = hex === undefined ? Number(decimal) : parseInt(hex as string, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

const excerpt = (document: string, at: number): string =>
  JSON.stringify(document.slice(at, at + 40));
