export { Public } from '../access/decorators.js';
export type { Principal } from '../access/principal.js';
export { Caller } from '../nest/caller.js';
export { RequireScope } from '../nest/require-scope.js';
export { RESOURCE_GUARD } from '../nest/tokens.js';
export { ToolgateModule } from '../nest/toolgate.module.js';
export type { ToolgateAsyncOptions, ToolgateOptions } from '../nest/toolgate.module.js';
