/** Uploads: the file has arrived in the upload directory; a task checks it and puts it into the storage. */
import { basename, join } from "node:path";
import { ApiError, notBuilt, parameterError } from "../../rest/errors.ts";
import { defineMethod, type Method } from "../../rest/method.ts";
import { uploadTarget } from "../upload-target.ts";
import { answering } from "./answers.ts";
import type { StorageMethodDeps } from "./method-deps.ts";
import { given, NODE, STORAGE } from "./parameters.ts";
import { authidOf } from "./permissions.ts";

const ALGORITHMS = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"] as const;

export function uploadMethod({ storages, tasks, layout }: StorageMethodDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/storage/{storage}/upload",
    method: "POST",
    name: "upload",
    description: "Send a disc image, a container template or an image for import.",
    protected: 1,
    isUpload: true,
    permissions: { check: ["perm", "/storage/{storage}", ["Datastore.AllocateTemplate"]] },
    parameters: {
      node: NODE,
      storage: STORAGE,
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
      tmpfilename: {
        type: "string",
        pattern: "/var/tmp/pveupload-[0-9a-f]+",
        optional: 1,
        description: "Where the server has put the file; clients cannot give it.",
      },
    },
    returns: { type: "string" },
    handler: ({ node, storage, content, filename, tmpfilename, checksum, "checksum-algorithm": algorithm }, call) =>
      answering(async () => {
        if (tmpfilename === undefined) throw parameterError({ filename: "no file was sent" });
        if (node !== layout.nodeName && node !== "localhost") throw notBuilt("an upload to another node");
        const entry = await storages.entry(storage);
        const target = uploadTarget(entry, content, filename);
        if (target.kind === "wrong-name") throw parameterError({ filename: target.message });
        if (target.kind === "refused") throw new ApiError(500, target.message);
        return tasks.start({
          type: "imgcopy",
          authid: authidOf(call),
          args: {
            source: join(layout.uploadDir, basename(tmpfilename)),
            shownSource: tmpfilename,
            storage,
            volname: target.volname,
            ...given({ checksum, algorithm }),
          },
        });
      }),
  });
}
