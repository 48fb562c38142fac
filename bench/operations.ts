/** What is measured, in the order of the report. */
export const OPERATIONS = {
  'tool-jwt': 'Guarded tool call, access token',
  'tool-key': 'Guarded tool call, API key',
  refresh: 'Refresh over REST, 64 chains',
  'refresh-grant': 'Refresh over OAuth, 64 chains',
  'client-credentials': 'Client-credentials token',
  code: 'Authorization code exchange (PKCE)',
  introspection: 'Introspection of an access token',
  'introspection-refresh': 'Introspection of a refresh token',
  login: 'Login with a password',
  register: 'Registration of an account',
  jwks: 'JWKS',
} as const;

export type Operation = keyof typeof OPERATIONS;
export const OPERATION_NAMES = Object.keys(OPERATIONS) as Operation[];
