/** Sends a file to a storage; the browser tells how much of it has gone. */
import { ApiError } from "../api/errors.ts";

export interface UploadOptions {
  readonly node: string;
  readonly storage: string;
  readonly content: "iso" | "vztmpl";
  readonly file: File;
  readonly csrfToken: string | undefined;
  /** A share between 0 and 1. */
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
}

/** @returns the task that puts the file in its place. */
export function upload({
  node,
  storage,
  content,
  file,
  csrfToken,
  onProgress,
  signal,
}: UploadOptions): Promise<string> {
  const form = new FormData();
  form.append("content", content);
  // The file comes last: what it is has to be known before it arrives.
  form.append("filename", file, file.name);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // fetch does not tell how much has been sent.
  const request = new XMLHttpRequest();
  request.open("POST", `/api2/json/nodes/${encodeURIComponent(node)}/storage/${encodeURIComponent(storage)}/upload`);
  if (csrfToken !== undefined) request.setRequestHeader("CSRFPreventionToken", csrfToken);
  request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total));
  request.addEventListener("load", () => {
    const body = parse(request.responseText);
    if (request.status === 200 && typeof body.data === "string") resolve(body.data);
    else {
      const fields = Object.fromEntries(
        Object.entries(body.errors ?? {}).map(([name, text]) => [name, String(text).trim()]),
      );
      reject(new ApiError((body.message ?? request.statusText).trim(), { status: request.status, fields }));
    }
  });
  request.addEventListener("error", () => reject(new ApiError("the node does not answer", { status: 0 })));
  request.addEventListener("abort", () => reject(new ApiError("stopped", { status: 0 })));
  signal.addEventListener("abort", () => request.abort(), { once: true });
  request.send(form);
  return promise;
}

function parse(text: string): {
  readonly data?: unknown;
  readonly message?: string;
  readonly errors?: Readonly<Record<string, unknown>>;
} {
  try {
    return JSON.parse(text) as ReturnType<typeof parse>;
  } catch {
    // No JSON: the status says it.
    return {};
  }
}
