/** The table of faults: what is run, and what of the design is not. */
import type { NotRun, Row } from './row';
import { brokerRows } from './rows/broker';
import { clusterRows } from './rows/cluster';
import { databaseRows } from './rows/database';
import { gatewayRows } from './rows/gateway';
import { messageRows } from './rows/messages';
import { networkRows } from './rows/network';
import { peopleRows } from './rows/people';
import { limitsMissing, processRows } from './rows/processes';
import { serviceRows } from './rows/services';

/** All rows, in the order in which they are run. */
export const rows: readonly Row[] = [
  ...serviceRows,
  ...brokerRows,
  ...clusterRows,
  ...networkRows,
  ...databaseRows,
  ...gatewayRows,
  ...messageRows,
  ...processRows,
  ...peopleRows,
].sort((a, b) => a.number - b.number);

/** What is not run. */
export const notRun: readonly NotRun[] = [
  ...(limitsMissing ? [limitsMissing] : []),
  {
    number: 16,
    fault: 'The disk of the broker really full',
    why: 'needs a small file system of its own, which only root may mount; the disk alarm that comes before it is row 15',
  },
  {
    number: 29,
    fault: 'A failover of PostgreSQL to its standby',
    why: 'the PostgreSQL that comes from npm has no pg_basebackup to make a standby with; what is lost is said below',
  },
  {
    number: 30,
    fault: 'The disk of the database really full',
    why: 'as row 16',
  },
  {
    number: 54,
    fault: 'Another version of the broker',
    why: 'one version is at hand at a time; `npm run test:containers` runs the end-to-end tests on that of docker compose',
  },
];
