declare module 'dynalite' {
  import type { Server } from 'node:http';

  const dynalite: (options?: {
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
    readonly path?: string;
  }) => Server;
  // biome-ignore lint/style/noDefaultExport: this is how the package exports it.
  export default dynalite;
}
