import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { prettyOptions } from '@quadrille/service-chassis';
import pretty from 'pino-pretty';
import { dataFolder } from '../root';
import { services, shortNames } from '../services';
import { logFile } from '../start/log-files';
import { readCommandLine, runCommand, wholeNumber } from '../command-line';

/** How often the file is checked for new lines, in milliseconds: too short to notice, and too long to cost anything. */
const POLL_MS = 100;

const names = [...shortNames.map((short) => services[short].table.name), 'postgres', 'rabbitmq'];
const usage = `npm run logs -- <name> [-n lines] [--no-follow]\nNames: ${names.join(', ')}`;

/**
 * Shows the end of a service's log and, without --no-follow, every line that is added: pretty in a terminal, as it is
 * written elsewhere.
 */
async function logs(): Promise<void> {
  const { positionals, values } = readCommandLine(usage, {
    allowPositionals: true,
    options: {
      lines: { type: 'string', short: 'n', default: '100' },
      'no-follow': { type: 'boolean', default: false },
    },
  });
  const [name, ...others] = positionals;
  if (name === undefined || !names.includes(name) || others.length > 0)
    throw new Error(`${name === undefined ? 'Say a name' : `There is no log "${positionals.join(' ')}"`}.\n${usage}`);
  const lines = wholeNumber(usage, 'lines', values.lines);
  const file = logFile(dataFolder, name);
  if (!existsSync(file)) throw new Error(`${name} has no log yet: npm start`);
  const out = process.stdout.isTTY ? prettyOutput() : process.stdout;
  const content = readFileSync(file);
  if (lines > 0) out.write(lastLines(content.toString('utf8'), lines));
  if (!values['no-follow']) await follow(file, content.length, out);
}

function prettyOutput(): NodeJS.WritableStream {
  const stream = pretty({ ...prettyOptions, colorize: true, sync: true });
  return stream;
}

function lastLines(text: string, count: number): string {
  const all = text.split('\n');
  return all.slice(-count - (text.endsWith('\n') ? 1 : 0)).join('\n');
}

async function follow(file: string, from: number, out: NodeJS.WritableStream): Promise<void> {
  let position = from;
  for (;;) {
    const size = existsSync(file) ? statSync(file).size : 0;
    if (size < position) position = 0; // truncated: the old part was moved to another file
    if (size > position) {
      for await (const chunk of createReadStream(file, { start: position, end: size - 1 })) out.write(chunk as Buffer);
      position = size;
    }
    await delay(POLL_MS);
  }
}

runCommand(logs);
