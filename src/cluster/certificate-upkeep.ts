/** A node may run for years without a start: its certificate is looked at while it runs. */
import { messageOf } from "../errors/quorate-error.ts";
import { ensureCertificate, type NodeFilesRequest } from "./node-files.ts";

/** A certificate is due two weeks before its end: there is time for many a look that fails. */
const EVERY_MS = 3_600_000;

export interface CertificateUpkeepDeps extends Omit<NodeFilesRequest, "now" | "fqdn" | "address"> {
  readonly now: () => Date;
  /** Asked at each look, as both may change while the node runs. */
  readonly names: () => Pick<NodeFilesRequest, "fqdn" | "address">;
}

export class CertificateUpkeep {
  readonly #deps: CertificateUpkeepDeps;
  readonly #timer: NodeJS.Timeout;
  /** Undefined while nothing is looked at: one look at a time. */
  #look: Promise<void> | undefined;

  constructor(deps: CertificateUpkeepDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.look(), EVERY_MS).unref();
  }

  /** Never rejects. */
  async look(): Promise<void> {
    this.#look ??= this.#ensure().finally(() => {
      this.#look = undefined;
    });
    await this.#look;
  }

  /** Ends after a look that is under way; the cluster file system bounds it. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#look;
  }

  async #ensure(): Promise<void> {
    const { cfs, log, now, names } = this.#deps;
    try {
      await ensureCertificate({ cfs, log, now: now(), ...names() });
    } catch (error) {
      // Without quorum, or with an authority that is gone: the next look tries again, the present certificate serves on.
      log.error({ reason: messageOf(error) }, "cannot renew the node's certificate");
    }
  }
}
