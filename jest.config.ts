/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

/** A test that needs longer than this is waiting for something that will not come. */
const TEST_TIMEOUT_MS = 60_000;

const config: Config = {
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/generated/', '/.data/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  transform: { '^.+\\.(t|m?j)s$': ['ts-jest', { diagnostics: false }] },
  globalSetup: '<rootDir>/test-kit/src/global-setup.ts',
  globalTeardown: '<rootDir>/test-kit/src/global-teardown.ts',
  testTimeout: TEST_TIMEOUT_MS,
  maxWorkers: 2,
};

export default config;
