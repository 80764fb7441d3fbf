import fc from 'fast-check';

/** Loaded before every test file: laws that name no seed of their own take the one of the run. */
const seed = Number(process.env['SEED']);
if (Number.isSafeInteger(seed)) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
