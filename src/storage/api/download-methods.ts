/** Files that the node fetches itself: what is behind an address, and fetching it into a storage. */
import { ApiError, parameterError } from "../../rest/errors.ts";
import { defineMethod, type Method } from "../../rest/method.ts";
import { COMPRESSIONS } from "../download.ts";
import { describeRemote } from "../http-source.ts";
import { uploadTarget } from "../upload-target.ts";
import { answering } from "./answers.ts";
import type { StorageMethodDeps } from "./method-deps.ts";
import { given, NODE, STORAGE } from "./parameters.ts";
import { authidOf } from "./permissions.ts";

const NETWORK_RIGHTS = [
  "or",
  ["perm", "/", ["Sys.Audit", "Sys.Modify"]],
  ["perm", "/nodes/{node}", ["Sys.AccessNetwork"]],
] as const;
const URL_PARAMETER = { type: "string", pattern: "https?://.*", description: "Address." } as const;
const VERIFY = {
  type: "boolean",
  optional: 1,
  default: 1,
  description: "Refuse servers whose certificate is not known to be theirs.",
} as const;
const ALGORITHMS = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"] as const;

export function downloadMethods({ storages, tasks }: StorageMethodDeps): Method[] {
  return [
    defineMethod({
      path: "/nodes/{node}/query-url-metadata",
      method: "GET",
      name: "query_url_metadata",
      description: "Ask a server for the name, size and type of a file.",
      proxyto: "node",
      permissions: { check: NETWORK_RIGHTS },
      parameters: { node: NODE, url: URL_PARAMETER, "verify-certificates": VERIFY },
      returns: {
        type: "object",
        properties: {
          filename: { type: "string", optional: 1 },
          size: { type: "integer", optional: 1 },
          mimetype: { type: "string", optional: 1 },
        },
      },
      handler: ({ url, "verify-certificates": verifies }, call) =>
        describeRemote(url, { verifiesCertificates: verifies !== false, signal: call.signal }),
    }),
    defineMethod({
      path: "/nodes/{node}/storage/{storage}/download-url",
      method: "POST",
      name: "download_url",
      description: "Fetch a disc image, a container template or an image for import from a server.",
      protected: 1,
      proxyto: "node",
      permissions: {
        check: ["and", ["perm", "/storage/{storage}", ["Datastore.AllocateTemplate"]], NETWORK_RIGHTS],
        extra_checks_in_code: { privs: ["Sys.AccessNetwork", "Sys.Modify"] },
      },
      parameters: {
        node: NODE,
        storage: STORAGE,
        url: URL_PARAMETER,
        content: {
          type: "string",
          format: "pve-storage-content",
          enum: ["iso", "vztmpl", "import"],
          description: "What it is.",
        },
        filename: { type: "string", maxLength: 255, description: "Name in the storage." },
        checksum: { type: "string", requires: "checksum-algorithm", optional: 1, description: "Expected checksum." },
        "checksum-algorithm": {
          type: "string",
          enum: ALGORITHMS,
          requires: "checksum",
          optional: 1,
          description: "How the checksum was made.",
        },
        compression: {
          type: "string",
          enum: null,
          optional: 1,
          description: "Unpack after receiving: gz, zst, lzo or bz2.",
        },
        "verify-certificates": VERIFY,
      },
      returns: { type: "string" },
      handler: (params, call) =>
        answering(async () => {
          const { storage, url, content, filename, checksum, compression } = params;
          const target = uploadTarget(await storages.entry(storage), content, filename);
          if (target.kind === "wrong-name") throw parameterError({ filename: target.message });
          if (target.kind === "refused") throw new ApiError(500, target.message);
          if (compression !== undefined && !COMPRESSIONS.some((name) => name === compression)) {
            throw parameterError({
              compression: `unknown compression '${compression}': one of ${COMPRESSIONS.join(", ")}`,
            });
          }
          if (compression !== undefined && content !== "iso") {
            throw parameterError({ compression: "only discs are unpacked" });
          }
          return tasks.start({
            type: "download",
            id: filename.replace(/[^A-Za-z0-9_.-]/g, "_"),
            authid: authidOf(call),
            args: {
              url,
              storage,
              volname: target.volname,
              verifiesCertificates: params["verify-certificates"] !== false,
              ...given({ checksum, algorithm: params["checksum-algorithm"], compression }),
            },
          });
        }),
    }),
  ];
}
