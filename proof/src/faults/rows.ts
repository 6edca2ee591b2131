/** The table of faults: what is run, and what is not. */
import type { NotRun, Row } from './row';
import { brokerRows } from './rows/broker';
import { brokerDiskMissing, brokerDiskRows } from './rows/broker-disk';
import { versionMissing, versionRows } from './rows/broker-version';
import { channelRows } from './rows/channels';
import { clusterRows } from './rows/cluster';
import { databaseRows } from './rows/database';
import { diskMissing, diskRows } from './rows/disk';
import { failoverRows } from './rows/failover';
import { gatewayRows } from './rows/gateway';
import { messageRows } from './rows/messages';
import { networkRows } from './rows/network';
import { peopleRows } from './rows/people';
import { limitsMissing, processRows } from './rows/processes';
import { serviceRows } from './rows/services';
import { userRows } from './rows/users';

/** All rows, in the order in which they are run. */
export const rows: readonly Row[] = [
  ...serviceRows,
  ...brokerRows,
  ...brokerDiskRows,
  ...versionRows,
  ...channelRows,
  ...userRows,
  ...clusterRows,
  ...networkRows,
  ...databaseRows,
  ...diskRows,
  ...failoverRows,
  ...gatewayRows,
  ...messageRows,
  ...processRows,
  ...peopleRows,
].sort((a, b) => a.number - b.number);

/** What is not run. */
export const notRun: readonly NotRun[] = [
  ...(limitsMissing ? [limitsMissing] : []),
  ...(brokerDiskMissing ? [brokerDiskMissing] : []),
  ...(diskMissing ? [diskMissing] : []),
  ...(versionMissing ? [versionMissing] : []),
];
