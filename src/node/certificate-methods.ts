/** `/nodes/{node}/certificates/info`: the certificates that a node serves with. They are public; keys are not read. */
import { X509Certificate } from "node:crypto";
import type { ClusterFs } from "../cfs/port.ts";
import { messageOf } from "../errors/quorate-error.ts";
import { ApiError } from "../rest/errors.ts";
import { defineMethod, type Method } from "../rest/method.ts";
import { NODE } from "./node-parameter.ts";

const TEXT = { type: "string", optional: 1 } as const;

export function certificateMethods({ cfs }: { readonly cfs: ClusterFs }): Method[] {
  return [
    defineMethod({
      path: "/nodes/{node}/certificates/info",
      method: "GET",
      name: "info",
      description: "The cluster's authority, the node's certificate, and its own one for the web where there is one.",
      proxyto: "node",
      permissions: { user: "all" },
      parameters: { node: NODE },
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: {
            filename: TEXT,
            fingerprint: { type: "string", pattern: "([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}", optional: 1 },
            issuer: TEXT,
            notafter: { type: "integer", optional: 1 },
            notbefore: { type: "integer", optional: 1 },
            pem: { type: "string", format: "pem-certificate", optional: 1 },
            "public-key-bits": { type: "integer", optional: 1 },
            "public-key-type": TEXT,
            san: { type: "array", optional: 1, items: { type: "string" } },
            subject: TEXT,
          },
        },
      },
      async handler({ node }) {
        const paths = ["pve-root-ca.pem", `nodes/${node}/pve-ssl.pem`, `nodes/${node}/pveproxy-ssl.pem`];
        const files = await Promise.all(paths.map((path) => cfs.read(path)));
        return files.flatMap((file, index) =>
          file === undefined ? [] : [describeCertificate(paths[index] ?? "", file.data.toString("utf8"))],
        );
      },
    }),
  ];
}

/** @param path of the file, whose last part names it. */
export function describeCertificate(path: string, pem: string): Record<string, unknown> {
  const cert = parseCertificate(path, pem);
  const { asymmetricKeyType, asymmetricKeyDetails } = cert.publicKey;
  const epochSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);
  // A name that could be taken for a list is printed as a JSON string by the library.
  const san = (cert.subjectAltName ?? "").split(", ").filter((name) => name !== "");
  return {
    filename: path.slice(path.lastIndexOf("/") + 1),
    fingerprint: cert.fingerprint256,
    subject: onOneLine(cert.subject),
    issuer: onOneLine(cert.issuer),
    notbefore: epochSeconds(cert.validFromDate),
    notafter: epochSeconds(cert.validToDate),
    san: san.map((name) => name.replace(/^(?:DNS|IP Address):/, "")),
    ...(asymmetricKeyType === undefined ? {} : { "public-key-type": asymmetricKeyType }),
    ...(asymmetricKeyDetails?.modulusLength === undefined
      ? {}
      : { "public-key-bits": asymmetricKeyDetails.modulusLength }),
    pem,
  };
}

function parseCertificate(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ApiError(500, `cannot read ${path}: ${messageOf(cause)}`, undefined, { cause });
  }
}

/** `/OU=…/O=…/CN=…`. */
function onOneLine(name: string): string {
  return name
    .split("\n")
    .map((part) => `/${part}`)
    .join("");
}
