/** Run through scripts/test.mjs, which brings the database. `test` needs Node alone; `system` needs Debian's packages. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  moduleNameMapper: {
    '/worker-files\\.js$': '<rootDir>/test/support/worker-files.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', tsx: true, decorators: true },
          transform: {
            legacyDecorator: true,
            decoratorMetadata: true,
            react: { runtime: 'automatic', importSource: 'preact' },
          },
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
};

const system = process.env.TEST_SYSTEM === '1';

export default {
  ...shared,
  rootDir: import.meta.dirname,
  testMatch: system ? ['<rootDir>/test/system/**/*.test.ts'] : ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: system ? ['/node_modules/'] : ['/node_modules/', '<rootDir>/test/system/'],
  testTimeout: 60_000,
  maxWorkers: 2,
  // What a file imported as ES modules is never let go of, and a heap that is full of it slows every later file down.
  workerIdleMemoryLimit: '700MB',
};
