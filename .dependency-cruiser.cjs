const services = '^(order|inventory|payment|notification)-service/';
const tests = '[.]test[.]ts$|^service-chassis/test/';

/** The walls of the house. Tests and tools may look behind them: they start, break and judge what the services are. */
module.exports = {
  forbidden: [
    {
      name: 'services-meet-in-the-broker',
      comment: 'A service never imports another: what they share is said in events.',
      severity: 'error',
      from: { path: services, pathNot: tests },
      to: { path: services, pathNot: '^$1-service/' },
    },
    {
      name: 'events-stand-alone',
      comment: 'shared-events depends on zod and on nothing else.',
      severity: 'error',
      from: { path: '^shared-events/', pathNot: tests },
      to: { pathNot: '^shared-events/|^node_modules/zod/' },
    },
    {
      name: 'chassis-knows-no-service',
      severity: 'error',
      from: { path: '^service-chassis/', pathNot: tests },
      to: { path: '^(order|inventory|payment|notification)-service/|^tools/|^tests/|^bench/' },
    },
    {
      name: 'decisions-are-pure',
      comment:
        'domain/ has no clock, ids, environment or await: it imports its own folder, contracts, and types of the chassis.',
      severity: 'error',
      from: { path: '^([a-z]+-service)/src/domain/', pathNot: tests },
      to: { pathNot: '^$1/src/domain/|^shared-events/src/index[.]ts$|^service-chassis/' },
    },
    {
      name: 'decisions-use-no-code-of-the-chassis',
      severity: 'error',
      from: { path: '^[a-z]+-service/src/domain/', pathNot: tests },
      to: { path: '^service-chassis/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'packages-through-the-front-door',
      comment: 'A package is used through its main; only tests, tools and the benchmark go behind it.',
      severity: 'error',
      from: { path: '^([a-z-]+)/', pathNot: `${tests}|^tools/|^tests/|^bench/` },
      to: {
        path: '^(shared-events|service-chassis|[a-z]+-service|tools|tests|bench)/',
        pathNot: '^$1/|^[a-z-]+/src/(index|service)[.]ts$',
      },
    },
    {
      name: 'nothing-needs-the-benchmark',
      severity: 'error',
      from: { path: '^(tools|tests)/' },
      to: { path: '^bench/' },
    },
    {
      name: 'services-run-without-tests-and-tools',
      severity: 'error',
      from: { path: services, pathNot: tests },
      to: { path: '^(tools|tests|bench)/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'nothing-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'declared-dependencies-only',
      comment: 'A package imports what its own package.json names.',
      severity: 'error',
      from: { pathNot: tests },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/(generated|dist|node_modules/[.]cache)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'default', 'types'] },
  },
};
