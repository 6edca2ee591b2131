import { composeAddresses } from '../compose/addresses';
import { dataFolder } from '../root';
import { readAddresses } from '../start/addresses';
import { askServers } from '../start/explain-unreachable';
import { findStuck, stuckReport } from '../stuck/stuck';
import { holds, report } from '../verify/report';
import { verify } from '../verify/verify';
import { readCommandLine, readFileOf, runCommand, wholeNumber } from '../command-line';

const usage = `npm run verify -- [--wait seconds] [--poison messages] [--orders file] [--stuck] [--docker]
  --wait    how long orders that are not settled are waited for (30)
  --poison  messages put into the dead-letter and invalid queues on purpose (0)
  --orders  a file of order ids, one a line, that were answered 2xx and must exist
  --stuck   instead: which orders wait beyond their time, for whom, since when, and what will heal them
  --docker  the system of docker compose, not that of npm start`;

const MS_PER_S = 1_000;
const CLEAR_LINE = '\r\x1b[2K';

/**
 * Returns the order ids in a file, one a line, without duplicates. Throws when there is none, because nothing would be
 * checked.
 */
function ordersIn(file: string): string[] {
  const ids = [
    ...new Set(
      readFileOf('orders', file)
        .split('\n')
        .map((line) => line.trim()),
    ),
  ].filter((id) => id !== '');
  if (ids.length === 0) throw new Error(`--orders: ${file} has no order id in it.`);
  return ids;
}

/**
 * Checks the seven invariants of the running system or, with --stuck, explains what waits too long. Exit status 1 when
 * something is wrong.
 */
async function main(): Promise<void> {
  const { values } = readCommandLine(usage, {
    options: {
      wait: { type: 'string' },
      poison: { type: 'string' },
      orders: { type: 'string' },
      stuck: { type: 'boolean', default: false },
      docker: { type: 'boolean', default: false },
    },
  });
  const options = {
    ...(values.poison === undefined ? {} : { poison: wholeNumber(usage, 'poison', values.poison) }),
    ...(values.wait === undefined ? {} : { settleWithinMs: wholeNumber(usage, 'wait', values.wait) * MS_PER_S }),
    ...(values.orders === undefined ? {} : { requested: ordersIn(values.orders) }),
  };
  if (values.stuck && Object.keys(options).length > 0)
    throw new Error(`--stuck looks at all orders, at once: only --docker goes with it.\n${usage}`);
  const addresses = values.docker ? await composeAddresses() : readAddresses(dataFolder);
  const asked = { ...addresses, docker: values.docker };
  if (values.stuck) {
    const found = await askServers(asked, () => findStuck(addresses));
    process.stdout.write(`\n${stuckReport(found).join('\n')}\n`);
    process.exitCode = found.length === 0 ? 0 : 1;
    return;
  }
  const redraw = (text: string) => {
    if (process.stderr.isTTY) process.stderr.write(`${CLEAR_LINE}${text}`);
  };
  const onWaiting = (waiting: readonly unknown[]) => {
    redraw(`  … ${String(waiting.length)} not as they should be yet; looking again`);
  };
  const verdict = await askServers(asked, () => verify(addresses, { ...options, onWaiting }));
  redraw('');
  process.stdout.write(`${report(verdict).join('\n')}\n`);
  process.exitCode = holds(verdict) ? 0 : 1;
}

runCommand(main);
