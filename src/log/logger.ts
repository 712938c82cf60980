/**
 * What a room needs of a log: one event a line, fields first, then a short sentence. The daemons pass a pino logger;
 * tests pass one that keeps its lines. `error` = someone must act, `warn` = we recovered, `info` = a state changed.
 */
export interface Logger {
  error(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  info(fields: object, text: string): void;
  debug(fields: object, text: string): void;
  /** A logger that adds `fields` to every line. */
  child(fields: object): Logger;
}

/** Drops everything. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child: () => silentLogger,
};
