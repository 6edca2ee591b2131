const services = '^(order|inventory|payment|notification)-service/';
/** What checks is not what is checked: tests, and what only they use, may look behind every door. */
const tests = '[.]test[.]ts$|^[a-z-]+/test/';

/**
 * The rooms of the chassis, from the ground up: what each may use of the others. `participant.ts` and the door, `index.ts`,
 * put them together.
 */
const rooms = {
  contract: [],
  timing: [],
  validation: [],
  database: ['contract', 'timing'],
  telemetry: ['database', 'timing'],
  broker: ['telemetry', 'timing'],
  processing: ['contract', 'database', 'broker', 'telemetry', 'timing'],
  consuming: ['contract', 'broker', 'processing', 'telemetry', 'timing'],
  http: ['database', 'processing', 'telemetry', 'timing', 'validation'],
  lifecycle: ['database', 'http', 'telemetry', 'timing', 'validation'],
};
const wallOfRoom = ([room, below]) => ({
  name: `chassis-room-${room}`,
  comment: `${room}/ uses ${below.length > 0 ? below.join(', ') : 'no other room'}.`,
  severity: 'error',
  from: { path: `^service-chassis/src/${room}/`, pathNot: tests },
  to: { path: '^service-chassis/src/', pathNot: `^service-chassis/src/(${[room, ...below].join('|')})/` },
});

/** The walls of the house: what each package may know, from the events at the bottom to the benchmark at the top. */
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
      to: { path: '^(order|inventory|payment|notification)-service/|^(operator|proof|test-kit|tests|bench)/' },
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
    ...Object.entries(rooms).map(wallOfRoom),
    {
      name: 'adapters-know-each-other-from-above',
      comment: 'HTTP may ask the database and the gateway; neither knows that there is HTTP.',
      severity: 'error',
      from: { path: '^([a-z]+-service)/src/adapters/(database|gateway|mail)/', pathNot: tests },
      to: { path: '^$1/src/adapters/http/' },
    },
    {
      name: 'services-run-without-operator-and-proof',
      severity: 'error',
      from: { path: services, pathNot: tests },
      to: { path: '^(operator|proof|test-kit|tests|bench)/' },
    },
    {
      name: 'operator-needs-no-proof',
      comment: 'What runs and repairs a system ships; what shows that it is right does not.',
      severity: 'error',
      from: { path: '^operator/', pathNot: tests },
      to: { path: '^(proof|test-kit|tests|bench)/' },
    },
    {
      name: 'test-kit-needs-no-proof',
      severity: 'error',
      from: { path: '^test-kit/' },
      to: { path: '^(proof|tests|bench)/' },
    },
    {
      name: 'nothing-needs-tests-or-benchmark',
      severity: 'error',
      from: { path: '^([a-z-]+)/' },
      to: { path: '^(tests|bench)/', pathNot: '^$1/' },
    },
    {
      name: 'packages-through-the-front-door',
      comment: 'A package is used through its main; what operates, proves or measures it goes behind it.',
      severity: 'error',
      from: { path: '^([a-z-]+)/', pathNot: `${tests}|^(operator|proof|test-kit|tests|bench)/` },
      to: {
        path: '^(shared-events|service-chassis|[a-z]+-service|operator|proof|test-kit|tests|bench)/',
        pathNot: '^$1/|^[a-z-]+/src/(index|service)[.]ts$',
      },
    },
    {
      name: 'builders-serve-tests-only',
      comment: 'What tests are made of is no part of what runs.',
      severity: 'error',
      from: { pathNot: tests },
      to: { path: '^[a-z-]+/test/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nothing-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'declared-dependencies-only',
      comment: 'A package imports what its own package.json names, its tests included.',
      severity: 'error',
      from: {},
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
