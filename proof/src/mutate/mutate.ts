/**
 * Mutation testing of the decisions: Stryker changes them in every small way, and the pure tests beside them must
 * notice.
 */
import { relative } from 'node:path';
import type { Stryker } from '@stryker-mutator/core';
import { rootFolder } from '@quadrille/operator/src/root';

/** One change that was tried. */
export interface Mutation {
  readonly service: string;
  /** File and line. */
  readonly where: string;
  readonly replacement: string;
  /** No test noticed it. */
  readonly survived: boolean;
}

/** The share of changes that must be noticed, in each folder and in all. */
export const MUST_SCORE = 0.9;

/** The share of changes that were noticed. */
export const scoreOf = (mutations: readonly Mutation[]): number =>
  mutations.filter(({ survived }) => !survived).length / Math.max(1, mutations.length);

/** Two at a time: a test run in each takes one core. */
const CONCURRENCY = 2;

const optionsFor = (services: readonly string[]): ConstructorParameters<typeof Stryker>[0] => ({
  mutate: services.flatMap((service) => [`${service}/src/domain/*.ts`, `!${service}/src/domain/*.test.ts`]),
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner'],
  coverageAnalysis: 'perTest',
  concurrency: CONCURRENCY,
  reporters: [process.stdout.isTTY ? 'progress' : 'progress-append-only'],
  tempDirName: '.data/mutation',
  ignorePatterns: ['.data', 'dist', 'docs', 'prisma'],
  allowEmpty: false,
  jest: {
    // Decisions need no servers: no global set-up. The sandbox lies in .data, which other runs of jest ignore.
    config: {
      testMatch: services.map((service) => `**/${service}/src/domain/*.test.ts`),
      testPathIgnorePatterns: ['/node_modules/'],
      globalSetup: null,
      globalTeardown: null,
      // All that decisions and their tests use of the chassis; loading the rest for every mutant would take most of the
      // time.
      moduleNameMapper: { '^@quadrille/service-chassis$': '<rootDir>/service-chassis/src/contract/service-table.ts' },
    },
  },
});

/** Changes that count: what cannot be compiled or run at all is no mistake that could be made. */
const SURVIVED: readonly string[] = ['Survived', 'NoCoverage'];
const NOTICED: readonly string[] = ['Killed', 'Timeout'];

/** Mutates the domain folders of these services. */
export async function mutateDomains(services: readonly string[]): Promise<Mutation[]> {
  const { Stryker } = await import('@stryker-mutator/core');
  const results = await new Stryker(optionsFor(services)).runMutationTest();
  return results
    .filter(({ status }) => [...SURVIVED, ...NOTICED].includes(status))
    .map(({ fileName, location, status, replacement }) => {
      const file = relative(rootFolder, fileName);
      return {
        service: file.split('/', 1)[0] ?? '',
        where: `${file}:${String(location.start.line)}`,
        replacement: replacement.replaceAll(/\s+/g, ' '),
        survived: SURVIVED.includes(status),
      };
    });
}
