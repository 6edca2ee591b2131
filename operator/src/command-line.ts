/**
 * What all commands share: reading the command line, reporting its mistakes together with the usage, and reporting a
 * failure.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { installZodMessages, reasonOf } from '@quadrille/service-chassis';

/**
 * Reads the command line. Throws for an option that the command does not know, and for one that is empty. `--help`
 * prints the usage and ends the process.
 */
export function readCommandLine<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  const parsed = parse(usage, config);
  // An empty value is most often a shell variable that is not set: the option would then restrict nothing.
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
    // Node's message goes on about words that begin with a dash and are no options, which no command here takes.
    const [problem = ''] = String(error)
      .replace(/^TypeError.*?: /, '')
      .split('. ');
    throw new Error(`${problem}.\n${usage}`, { cause: error });
  }
}

/** Writes to stderr why a command failed. */
export function reportFailure(error: unknown): void {
  // For a host with several addresses Node throws an AggregateError, which has no message of its own.
  const message = error instanceof Error && error.message !== '' ? error.message : reasonOf(error);
  process.stderr.write(`\n${message}\n`);
}

/**
 * Runs a command. When it fails, the reason goes to stderr and the exit status is 1; anything else that runs in the
 * process goes on.
 */
export function runCommand(main: () => Promise<void>): void {
  installZodMessages();
  process.stdout.on('error', () => process.exit()); // the reader (head, less) has gone
  main().catch((error: unknown) => {
    reportFailure(error);
    process.exitCode = 1;
  });
}

/**
 * Returns the whole number that an option was given. Throws for anything else and for numbers outside of the bounds.
 */
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

/** Returns the text of the file that an option names. Throws, naming option and file, when it cannot be read. */
export function readFileOf(option: string, path: string): string {
  if (!existsSync(path)) throw new Error(`--${option}: there is no file ${path}.`);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`--${option}: ${path} cannot be read: ${String(error)}`, { cause: error });
  }
}
