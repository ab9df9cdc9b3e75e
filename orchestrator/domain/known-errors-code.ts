import type { KnownError } from './known-error.ts';

/** Of Python and JavaScript, whatever they compute. The first that a line matches counts. */
export const CODE_ERRORS: readonly KnownError[] = [
  {
    id: 'circular_import',
    pattern: /partially initialized module/,
    cause: 'Two modules import each other, or a file has the name of a library.',
    fix: 'Import within the function that needs it, and rename a file that hides a library.',
  },
  {
    id: 'import_name',
    pattern: /cannot import name|does not provide an export named/,
    cause: 'The module is there, and has nothing of this name in the installed version.',
    fix: 'Look the name up in the installed version; it may have moved or be spelt otherwise.',
  },
  {
    id: 'node_module',
    pattern: /ERR_MODULE_NOT_FOUND|Cannot find (?:module|package) '|ERR_PACKAGE_PATH_NOT_EXPORTED/,
    cause: 'A module is not installed here, or its path is wrong.',
    fix: 'Write relative imports with ./ and their extension, and use only packages that the lab has installed or linked.',
  },
  {
    id: 'python_module',
    pattern: /No module named/,
    cause: 'A module is not installed for this interpreter, or is not on its path.',
    fix: 'Use what is installed; an experiment installs nothing. The lab’s own environment belongs into workspace.link.',
  },
  {
    id: 'node_module_kind',
    pattern:
      /require is not defined in ES module scope|Cannot use import statement outside a module|ERR_REQUIRE_ESM|exports is not defined in ES module scope/,
    cause: 'A file mixes import with require.',
    fix: 'Keep to the kind that the file has: import in .mjs, require in .cjs.',
  },
  {
    id: 'syntax',
    pattern: /SyntaxError: |IndentationError|TabError/,
    cause: 'The file cannot be parsed.',
    fix: 'Mend the line that is named: a bracket, a colon, an indent or a quote.',
  },
  {
    id: 'numpy_abi',
    pattern:
      /numpy\.dtype size changed|compiled using NumPy 1\.x cannot be run|_ARRAY_API not found|numpy\.core\.multiarray failed to import/,
    cause: 'A library was built for another major version of NumPy than the one installed.',
    fix: 'Install versions that belong together (often numpy<2); the change is not at fault.',
  },
  {
    id: 'numpy_removed',
    pattern: /module 'numpy' has no attribute|`np\.\w+` (?:was|is) (?:removed|a deprecated)/,
    cause: 'The installed NumPy no longer has this name.',
    fix: 'Write float, int or bool for np.float, np.int, np.bool, and np.inf for np.Inf.',
  },
  {
    id: 'ragged_array',
    pattern: /inhomogeneous shape|setting an array element with a sequence/,
    cause: 'Rows of different lengths were made into one array.',
    fix: 'Pad the rows, or keep them in a list.',
  },
  {
    id: 'json_value',
    pattern:
      /is not JSON serializable|Out of range float values are not JSON compliant|Converting circular structure to JSON|Do not know how to serialize a BigInt/,
    cause:
      'A value was written as JSON that JSON cannot hold: a tensor, a NumPy number, NaN, a cycle.',
    fix: 'Convert first: float(x), int(x), x.item(), x.tolist(), and null where a number is not finite.',
  },
  {
    id: 'json_parse',
    pattern: /JSONDecodeError|is not valid JSON|in JSON at position|Unexpected end of JSON input/,
    cause: 'Something that was read as JSON is none: an empty file, half a line, another format.',
    fix: 'Check that the file was written whole and that it is read line by line where it holds lines.',
  },
  {
    id: 'yaml_parse',
    pattern:
      /yaml\.(?:scanner|parser|constructor|composer|reader)\.\w+|YAMLParseError|YAMLException|mapping values are not allowed here/,
    cause: 'A YAML file cannot be parsed.',
    fix: 'Mend the line that is named: indents of spaces, a space behind the colon, quotes around : and #.',
  },
  {
    id: 'api_key',
    pattern:
      /api_key client option must be set|api[_ ]?key (?:not|is not|is missing|must be)|No API key|[Mm]issing (?:API )?[Kk]ey|(?:invalid|Incorrect)[_ ]api[_ ]key|AuthenticationError|KeyError: '[A-Z0-9_]*(?:KEY|TOKEN|SECRET)[A-Z0-9_]*'/,
    cause: 'The script wants a key that runs are not given.',
    fix: 'Name the variable in run.env_from of the plan if runs shall have it, or leave the service out.',
  },
  {
    id: 'arguments',
    pattern:
      /error: (?:unrecognized arguments|the following arguments are required|argument \S+: (?:invalid|expected))|No such option|ERR_PARSE_ARGS/,
    cause: 'The command passes arguments that the script does not take.',
    fix: 'Keep the script’s arguments as the plan’s run.command, run.seed and search_space use them.',
  },
  {
    id: 'call_arguments',
    pattern:
      /got an unexpected keyword argument|missing \d+ required (?:positional|keyword-only) argument|takes (?:from )?\d+ .*positional arguments? but|got multiple values for argument/,
    cause: 'A function is called with arguments that it does not have.',
    fix: 'Look at its definition in the installed version, and change call and definition together.',
  },
  {
    id: 'none_attribute',
    pattern: /'NoneType' object (?:has no attribute|is not (?:subscriptable|iterable|callable))/,
    cause: 'A value is None where an object was expected.',
    fix: 'Return the value from the function that makes it, or handle its absence.',
  },
  {
    id: 'undefined_name',
    pattern: /NameError: name|ReferenceError: \S+ is not defined/,
    cause: 'A name is used that nothing defines.',
    fix: 'Define or import it, or mend its spelling.',
  },
  {
    id: 'used_before_set',
    pattern:
      /UnboundLocalError|referenced before assignment|ReferenceError: Cannot access '\S+' before initialization/,
    cause: 'A variable is used on a way that has not set it yet.',
    fix: 'Set it before the branch or loop, or move the declaration up.',
  },
  {
    id: 'node_undefined',
    pattern:
      /Cannot (?:read|set) propert(?:y|ies) (?:'\S+' )?of (?:undefined|null)|(?:undefined|null) is not (?:an object|iterable)|undefined is not a function/,
    cause: 'A value is undefined where an object was expected.',
    fix: 'Find where it should have been set; check an index or the name of a property.',
  },
  {
    id: 'node_not_a_function',
    pattern: /TypeError: \S+ is not a (?:function|constructor)/,
    cause: 'Something is called that is no function.',
    fix: 'Check the import and the spelling of the name.',
  },
  {
    id: 'node_const',
    pattern: /Assignment to constant variable/,
    cause: 'A const is assigned a second time.',
    fix: 'Declare it with let.',
  },
  {
    id: 'node_heap',
    pattern:
      /JavaScript heap out of memory|Array buffer allocation failed|Invalid (?:typed )?array length|Invalid array buffer length/,
    cause: 'Node ran out of memory, or was asked for an array of an impossible size.',
    fix: 'Keep numbers in typed arrays of a fixed size and let go of what is not needed; --max-old-space-size raises the limit.',
  },
  {
    id: 'recursion',
    pattern: /maximum recursion depth exceeded|Maximum call stack size exceeded/,
    cause: 'A function calls itself without end, or a list of arguments is too long.',
    fix: 'Give the recursion its end, use a loop, and do not spread large arrays into a call.',
  },
  {
    id: 'zero_division',
    pattern: /ZeroDivisionError|division by zero|Division by zero/,
    cause: 'Something is divided by nothing: an empty batch, zero steps, a schedule of no length.',
    fix: 'Keep the divisor above zero, such as max(1, n).',
  },
  {
    id: 'attribute',
    pattern: /AttributeError: .*has no attribute/,
    cause: 'An object has nothing of this name in the installed version.',
    fix: 'Look the name up in the installed version, or define it before it is used.',
  },
  {
    id: 'key',
    pattern: /KeyError: /,
    cause: 'A mapping has no such key.',
    fix: 'Add the key where the mapping is made, or read it with a default.',
  },
];
