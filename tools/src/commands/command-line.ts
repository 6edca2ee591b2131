/** The command line of a command: whatever is wrong with it is said together with the usage. */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Reads the command line. Throws for an option that the command does not know. `--help` prints the usage and ends the process. */
export function readCommandLine<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    // Node goes on about arguments that begin with a dash, which no command here takes.
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
