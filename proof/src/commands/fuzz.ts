import { composeAddresses } from '@quadrille/operator/src/compose/addresses';
import { fuzz } from '../fuzz/fuzz';
import { fuzzReport, isSound } from '../fuzz/report';
import { dataFolder } from '@quadrille/operator/src/root';
import { readAddresses } from '@quadrille/operator/src/start/addresses';
import { askServers } from '@quadrille/operator/src/start/explain-unreachable';
import { readCommandLine, runCommand, wholeNumber } from '@quadrille/operator/src/command-line';

const usage = `npm run fuzz -- [--requests number] [--messages number] [--seed number] [--docker]
  --requests  HTTP requests in all, to every operation in turn (100000)
  --messages  messages in all, to every queue that a service reads (20000)
  --seed      the same seed makes up the same input; another one each time by default
  --docker    the system of docker compose, not that of npm start`;

const CLEAR_LINE = '\r\x1b[2K';

/** Seeds are small, so that they can be typed. */
const SEEDS = 1_000_000;

/** Sends hostile input to the running system; exit status 1 when anything was wrong. */
async function main(): Promise<void> {
  const { values } = readCommandLine(usage, {
    options: {
      requests: { type: 'string', default: '100000' },
      messages: { type: 'string', default: '20000' },
      seed: { type: 'string', default: String(Date.now() % SEEDS) },
      docker: { type: 'boolean', default: false },
    },
  });
  const requests = wholeNumber(usage, 'requests', values.requests);
  const messages = wholeNumber(usage, 'messages', values.messages);
  const seed = wholeNumber(usage, 'seed', values.seed);
  const addresses = values.docker ? await composeAddresses() : readAddresses(dataFolder);
  let shownAtMs = 0;
  const onProgress = (text: string) => {
    if (!process.stderr.isTTY || performance.now() - shownAtMs < 100) return;
    shownAtMs = performance.now();
    process.stderr.write(`${CLEAR_LINE}  … ${text}`);
  };
  const asked = { ...addresses, docker: values.docker };
  const result = await askServers(asked, () => fuzz(addresses, { requests, messages, seed, onProgress }));
  if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
  const again = `npm run fuzz -- --requests ${String(requests)} --messages ${String(messages)} --seed ${String(seed)}`;
  process.stdout.write(`\n${fuzzReport(result, again).join('\n')}\n`);
  process.exitCode = isSound(result) ? 0 : 1;
}

runCommand(main);
