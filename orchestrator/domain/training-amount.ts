/** How a line sets how much is trained, by words of Python, JavaScript and YAML. Pure. */

/** Plurals, and what no counter of a loop is called; not how much is measured on. */
export const AMOUNT =
  '(?!(?:val|eval|test)_)\\w*(?:steps|epochs|iters|iterations|batches|batch_?size|num_samples|max_tokens|budget|time_limit|(?:max|num|total|train)_?(?:step|epoch|iter|iteration))';

/** What makes a name another thing: `=`, `*=`, `//=`, or the colon of a mapping. */
export const SETS = `["'\\]]*\\s*(?:(?:[-+%&|^]|\\*\\*?|//?|<<|>>)?=(?!=)|:(?=\\s*[\\d"'.-]))`;

/** A statement that sets it, to whatever; `train(steps=steps)` only hands it on. */
const STATEMENT = `^\\s*(?:(?:export|const|let|var|self\\.|this\\.)\\s*)*(?:\\w+\\.)*${AMOUNT}${SETS}`;
const NUMBER = `\\b${AMOUNT}\\s*[=:]\\s*(?:int\\()?\\d`;

export const SETS_AMOUNT = new RegExp(`${STATEMENT}|${NUMBER}`, 'i');
