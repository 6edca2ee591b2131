/** The table of faults: what is run, and what of the design is not. */
import type { NotRun, Row } from './row';
import { brokerRows } from './rows/broker';
import { databaseRows } from './rows/database';
import { gatewayRows } from './rows/gateway';
import { messageRows } from './rows/messages';
import { networkRows } from './rows/network';
import { serviceRows } from './rows/services';

/** All rows, in the order in which they are run. */
export const rows: readonly Row[] = [
  ...serviceRows,
  ...brokerRows,
  ...networkRows,
  ...databaseRows,
  ...gatewayRows,
  ...messageRows,
].sort((a, b) => a.number - b.number);

/** What is not run. */
export const notRun: readonly NotRun[] = [
  {
    number: 54,
    fault: 'Another version of the broker',
    why: 'one version is at hand at a time; `npm run test:containers` runs the end-to-end tests on that of docker compose',
  },
];
