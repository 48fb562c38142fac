/** Strings, for they are the same in every copy of this package and of Nest. */
export const RESOURCE_GUARD = 'toolgate:resource-guard';
export const TOOLGATE_OPTIONS = 'toolgate:options';
