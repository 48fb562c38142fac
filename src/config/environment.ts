/** The only reader of the process's environment. */
export const environment = (): NodeJS.ProcessEnv => process.env;
