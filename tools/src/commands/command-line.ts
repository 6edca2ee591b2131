/** The command line of a command: whatever is wrong with it is said together with the usage. */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Reads the command line. Throws for an option that the command does not know, and for one that is empty. `--help` prints the usage and ends the process. */
export function readCommandLine<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  const parsed = parse(usage, config);
  // An option without its value is most often a shell variable that is not set: whatever it was to restrict is not restricted.
  for (const [option, value] of Object.entries(parsed.values)) {
    if (typeof value === 'string' && value.trim() === '')
      throw new Error(
        `--${option} is empty: give it a value (is a shell variable not set?), or leave the option out.\n${usage}`,
      );
  }
  return parsed;
}

function parse<Config extends ParseArgsConfig>(usage: string, config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const option = /^TypeError.*?: Option '(--[\w-]+)(?: <value>)?' argument (?:is ambiguous|missing)/.exec(
      String(error),
    )?.[1];
    if (option !== undefined)
      throw new Error(
        `${option} has no value, or one that begins with a dash: give it one (if the dash is meant, as ${option}=-value).\n${usage}`,
        { cause: error },
      );
    // Node goes on about words that begin with a dash and are no options, which no command here takes.
    const [problem = ''] = String(error)
      .replace(/^TypeError.*?: /, '')
      .split('. ');
    throw new Error(`${problem}.\n${usage}`, { cause: error });
  }
}

/** The whole number that an option was given. Throws for anything else, and beyond the bounds. */
export function wholeNumber(
  usage: string,
  option: string,
  text: string,
  { least = 0, most = 999_999_999 }: { readonly least?: number; readonly most?: number } = {},
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(
    `--${option} must be a whole number from ${String(least)} to ${String(most)}, not ${text}.\n${usage}`,
  );
}

/** What is in the file that an option names. Throws, naming both, when it cannot be read. */
export function readFileOf(option: string, path: string): string {
  if (!existsSync(path)) throw new Error(`--${option}: there is no file ${path}.`);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`--${option}: ${path} cannot be read: ${String(error)}`, { cause: error });
  }
}
