/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
import base from '../../jest.config';

/** Starting, killing and waiting for containers takes minutes, not seconds. */
const TEST_TIMEOUT_MS = 300_000;

/** The suite over the project of docker compose itself: npm run test:containers. It starts no servers of its own. */
const config: Config = {
  rootDir: '../..',
  roots: ['<rootDir>/tests/containers'],
  testMatch: ['**/*.suite.ts'],
  transform: { ...base.transform },
  testTimeout: TEST_TIMEOUT_MS,
  maxWorkers: 1,
  bail: 1, // after a failed start, the other tests would tell nothing
};

export default config;
