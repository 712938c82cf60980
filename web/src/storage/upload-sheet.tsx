import { type ReactNode, useRef, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useApp } from "../app-context.tsx";
import { formatBytes } from "../format/bytes.ts";
import { formatPercent } from "../format/percent.ts";
import { Sheet } from "../overlays/lazy.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { t } from "../text/t.ts";
import { upload } from "./upload.ts";

interface UploadSheetProps {
  readonly node: string;
  readonly storage: string;
  readonly contents: readonly string[];
  readonly onClose: () => void;
}

const ACCEPT: Readonly<Record<string, string>> = { iso: ".iso,.img", vztmpl: ".tar.gz,.tar.xz,.tar.zst" };

export function UploadSheet({ node, storage, contents, onClose }: UploadSheetProps): ReactNode {
  const { session, follower } = useApp();
  const [file, setFile] = useState<File | undefined>(undefined);
  const [share, setShare] = useState<number | undefined>(undefined);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [isOver, setOver] = useState(false);
  const abort = useRef<AbortController>(undefined);
  const picker = useRef<HTMLInputElement>(null);
  const content = file !== undefined && /\.tar\.(gz|xz|zst)$/.test(file.name) ? "vztmpl" : "iso";
  const isFit = contents.includes(content);

  const start = async (): Promise<void> => {
    if (file === undefined || share !== undefined) return;
    abort.current = new AbortController();
    setShare(0);
    setError(undefined);
    try {
      const upid = await upload({
        node,
        storage,
        content,
        file,
        csrfToken: session.csrfToken(),
        onProgress: setShare,
        signal: abort.current.signal,
      });
      const end = await follower.follow(upid, {
        running: t("upload.placing", { name: file.name }),
        done: t("upload.done", { name: file.name, storage }),
      });
      if (end.outcome === "ok" || end.outcome === "warnings") onClose();
      else setShare(undefined);
    } catch (failure) {
      if (abort.current.signal.aborted) return;
      setError(asApiError(failure));
      setShare(undefined);
    }
  };
  const close = (): void => {
    abort.current?.abort();
    onClose();
  };
  return (
    <Sheet title={t("upload.title", { storage })} onClose={close}>
      <div className="sheet">
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside is the way without a pointer */}
        <div
          className={`drop${isOver ? " over" : ""}`}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            setFile(event.dataTransfer.files[0] ?? undefined);
          }}
        >
          {file === undefined ? (
            <p>{t("upload.drop")}</p>
          ) : (
            <p className="strong">{t("upload.file", { name: file.name, size: formatBytes(file.size) })}</p>
          )}
          <Button style={{ marginTop: 12 }} isBusy={share !== undefined} onClick={() => picker.current?.click()}>
            {t("upload.choose")}
          </Button>
          <input
            ref={picker}
            type="file"
            className="sr"
            tabIndex={-1}
            aria-label={t("upload.choose")}
            accept={contents.map((one) => ACCEPT[one] ?? "").join()}
            onChange={(event) => setFile(event.target.files?.[0] ?? undefined)}
          />
        </div>
        {file === undefined || isFit ? null : <p className="note">{t("upload.wrong-kind", { storage })}</p>}
        {share === undefined ? null : (
          <div>
            <div
              className="progress"
              role="progressbar"
              aria-label={t("upload.progress")}
              aria-valuenow={Math.round(share * 100)}
              aria-valuemin={0}
              aria-valuemax={100}
            >
              <i style={{ width: `${share * 100}%` }} />
            </div>
            <p className="muted">{share < 1 ? formatPercent(share) : t("upload.arriving")}</p>
          </div>
        )}
        {error === undefined ? null : <Failure what={t("upload.failed")} error={error} />}
        <div className="sheetf">
          <Button onClick={close}>{t("action.cancel")}</Button>
          <Button
            look="primary"
            isBusy={share !== undefined}
            whyNot={
              file === undefined ? t("upload.none-chosen") : isFit ? undefined : t("upload.wrong-kind", { storage })
            }
            onClick={() => void start()}
          >
            {t("storage.upload")}
          </Button>
        </div>
      </div>
    </Sheet>
  );
}
