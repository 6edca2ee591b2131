import { composeAddresses } from '../compose/addresses';
import { createLive } from '../demo/live';
import { outcomesTable } from '../demo/outcomes';
import { playAll } from '../demo/play';
import { kinds } from '../demo/kinds';
import { dataFolder } from '../root';
import { readAddresses } from '../start/addresses';
import { askServers } from '../start/explain-unreachable';
import { holds, report } from '../verify/report';
import { verify } from '../verify/verify';
import { readCommandLine, runCommand } from '../command-line';

const usage = `npm run demo -- [--docker]
  --docker  the system of docker compose, not that of npm start`;

/**
 * Plays real orders through every outcome, in the system of npm start or, with --docker, of docker compose. Exit status
 * 1 when an order did not end as expected or an invariant is broken.
 */
async function demo(): Promise<void> {
  const { values } = readCommandLine(usage, { options: { docker: { type: 'boolean', default: false } } });
  const addresses = values.docker ? await composeAddresses() : readAddresses(dataFolder);
  const total = kinds.reduce((sum, { orders }) => sum + orders, 0);
  process.stderr.write(`\n  ${String(total)} orders of ${String(kinds.length)} kinds at ${addresses.order}\n\n`);
  const live = createLive();
  const played = await playAll(addresses, live.show);
  live.end();
  process.stdout.write(`\n${outcomesTable(played).join('\n')}\n\n`);
  process.stderr.write('  Checking the seven invariants ...\n\n');
  const requested = played.flatMap(({ orderId }) => orderId ?? []);
  const asked = { ...addresses, docker: values.docker };
  const verdict = await askServers(asked, () => verify(addresses, { requested }));
  process.stdout.write(`${report(verdict).join('\n')}\n`);
  const asExpected = played.every(({ kind, observed }) => observed === kind.expected);
  process.exitCode = asExpected && holds(verdict) ? 0 : 1;
}

runCommand(demo);
