declare module 'asl-validator' {
  const aslValidator: (
    definition: unknown,
    options?: { readonly checkArn?: boolean; readonly checkPaths?: boolean },
  ) => { readonly isValid: boolean; readonly errorsText: (separator?: string) => string };
  // biome-ignore lint/style/noDefaultExport: this is how the package exports it.
  export default aslValidator;
}
