/**
 * Whether something was to be loaded that a small bundle leaves to the whole program. scripts/build.ts puts code that sets it
 * in the place of what the bundle lacks.
 */
export const wholeProgram = { isNeeded: false };
