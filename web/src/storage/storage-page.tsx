import { type ReactNode, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useAllowed, useApp, useInventory, useNow, useTitle } from "../app-context.tsx";
import { formatBytes, formatPart } from "../format/bytes.ts";
import { Confirm } from "../overlays/confirm.tsx";
import { When } from "../parts/age.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { SelectField } from "../parts/field.tsx";
import { StateShape } from "../parts/icon.tsx";
import { Bar } from "../parts/meter.tsx";
import { NotFound } from "../parts/not-found.tsx";
import { Link, useSearchParam } from "../route/navigation.tsx";
import { isNodeAway } from "../store/freshness.ts";
import { type MessageKey, t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { UploadSheet } from "./upload-sheet.tsx";

const CONTENT: Readonly<Record<string, MessageKey>> = {
  images: "content.images",
  iso: "content.iso",
  vztmpl: "content.vztmpl",
  backup: "content.backup",
  rootdir: "content.rootdir",
  snippets: "content.snippets",
  import: "content.import",
};

const REFRESH_MS = 30_000;

interface Volume {
  readonly volid: string;
  readonly name: string;
  readonly content: string;
  readonly format: string;
  readonly size: number | undefined;
  readonly vmid: number | undefined;
  readonly createdAt: number | undefined;
  readonly isProtected: boolean;
}

function parseVolume(row: unknown): Volume {
  const {
    volid,
    content,
    format,
    size,
    vmid,
    ctime,
    protected: isProtected,
  } = row as Readonly<Record<string, unknown>>;
  const id = String(volid ?? "");
  return {
    volid: id,
    name: id.replace(/^[^:]*:(?:[a-z]+\/)?/, ""),
    content: String(content ?? ""),
    format: String(format ?? ""),
    size: typeof size === "number" ? size : undefined,
    vmid: typeof vmid === "number" ? vmid : undefined,
    createdAt: typeof ctime === "number" ? ctime : undefined,
    isProtected: isProtected === 1,
  };
}

export function StoragePage({ storage: name }: { readonly storage: string; readonly tab: string }): ReactNode {
  useTitle(name);
  const { api, follower } = useApp();
  const { whyNot } = useAllowed();
  const now = useNow();
  const [askedNode, setNode] = useSearchParam("node");
  const [type = "", setType] = useSearchParam("type");
  const inventory = useInventory((value) => value);
  const places = [...inventory.storages.values()].filter((one) => one.name === name);
  const here = places.filter((one) => !isNodeAway(inventory.nodes.get(one.node), now));
  const storage = places.find(({ node }) => node === askedNode) ?? here[0] ?? places[0];
  const node = storage?.node ?? "";
  const isAnswering = storage?.isAvailable === true && here.some((one) => one.node === node);
  const content = useCall(
    "/nodes/{node}/storage/{storage}/content",
    { node, storage: name },
    { everyMs: REFRESH_MS, isWanted: isAnswering },
  );
  const [isUploading, setUploading] = useState(false);
  const [removing, setRemoving] = useState<Volume | undefined>(undefined);
  const [error, setError] = useState<ApiError | undefined>(undefined);

  if (storage === undefined)
    return inventory.isLoaded ? (
      <NotFound text={t("storage.gone", { name })} />
    ) : (
      <span className="sk" style={{ height: 80 }} />
    );
  const volumes = (content.data ?? []).map(parseVolume);
  const shown = volumes
    .filter((volume) => type === "" || volume.content === type)
    .sort((a, b) => a.content.localeCompare(b.content) || a.name.localeCompare(b.name, "en", { numeric: true }));
  const uploads = storage.content.filter((one) => one === "iso" || one === "vztmpl");
  const part =
    storage.used === undefined || storage.total === undefined ? undefined : formatPart(storage.used, storage.total);
  const noRemove = whyNot(`/storage/${name}`, "Datastore.Allocate");
  const remove = async (volume: Volume): Promise<void> => {
    try {
      const upid = await api.delete("/nodes/{node}/storage/{storage}/content/{volume}", {
        node,
        storage: name,
        volume: volume.volid,
      });
      if (typeof upid === "string")
        await follower.follow(upid, {
          running: t("storage.removing", { name: volume.name }),
          done: t("storage.removed", { name: volume.name }),
        });
      setError(undefined);
    } catch (failure) {
      setError(asApiError(failure));
    }
    content.reload();
  };
  return (
    <>
      <nav className="crumb" aria-label={t("nav.path")}>
        <Link to="/storage">{t("area.storage")}</Link>
        <span aria-hidden="true">/</span>
        <span>{name}</span>
      </nav>
      <div className="obj">
        <div>
          <h1>
            <StateShape shape={isAnswering ? "ok" : "unknown"} />
            {name}
          </h1>
          <div className="sub">
            <b className="strong">{t(isAnswering ? "storage.available" : "storage.away")}</b>
            <span>{storage.type}</span>
            <span>{storage.isShared ? t("storage.shared") : t("storage.on", { node })}</span>
            {part === undefined ? null : (
              <span className="hstack" style={{ width: 220 }}>
                <Bar share={(storage.used ?? 0) / (storage.total ?? 1)} isStale={!isAnswering} />
                {t("plan.of", part)}
              </span>
            )}
          </div>
        </div>
        {uploads.length > 0 ? (
          <div className="acts">
            <Button
              look="primary"
              icon="upload"
              whyNot={whyNot(`/storage/${name}`, "Datastore.AllocateTemplate")}
              onClick={() => setUploading(true)}
            >
              {t("storage.upload")}
            </Button>
          </div>
        ) : null}
      </div>
      <div className="subnav" style={{ marginBottom: 12 }}>
        <div className="views" style={{ minWidth: 0 }}>
          <div className="seg" role="toolbar" aria-label={t("column.content")}>
            {["", ...storage.content].map((one) => (
              <button key={one} type="button" aria-pressed={type === one} onClick={() => setType(one)}>
                {one === "" ? t("view.all") : t(CONTENT[one] ?? "content.other")}
              </button>
            ))}
          </div>
        </div>
        {places.length > 1 ? (
          <SelectField
            label={t("column.node")}
            value={node}
            onChange={setNode}
            options={places.map((one) => ({ value: one.node, label: one.node }))}
          />
        ) : null}
      </div>
      {error === undefined ? null : <Failure what={t("storage.remove-failed")} error={error} />}
      <section className="card">
        {content.error === undefined ? null : (
          <Failure what={t("storage.content-failed", { name })} error={content.error} onRetry={content.reload} />
        )}
        {isAnswering && content.data === undefined && content.error === undefined ? (
          <span className="sk" style={{ height: 200 }} />
        ) : null}
        {content.data !== undefined && shown.length === 0 ? (
          <div className="nothing">
            <p>{t("storage.empty")}</p>
          </div>
        ) : null}
        {shown.length === 0 ? null : (
          <div className="cardtable">
            <table>
              <thead>
                <tr>
                  <th scope="col">{t("column.name")}</th>
                  <th scope="col" className="hide-m">
                    {t("column.content")}
                  </th>
                  <th scope="col" className="num">
                    {t("column.size")}
                  </th>
                  <th scope="col" className="hide-m">
                    {t("column.used-by")}
                  </th>
                  <th scope="col" className="num hide-m">
                    {t("column.created")}
                  </th>
                  <th scope="col" className="num">
                    {t("column.actions")}
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((volume) => (
                  <tr key={volume.volid}>
                    <td style={{ whiteSpace: "normal", overflowWrap: "anywhere" }}>{volume.name}</td>
                    <td className="muted hide-m">{t(CONTENT[volume.content] ?? "content.other")}</td>
                    <td className="num">{volume.size === undefined ? t("value.none") : formatBytes(volume.size)}</td>
                    <td className="hide-m">
                      {volume.vmid === undefined ? (
                        <span className="faint">{t("value.none")}</span>
                      ) : (
                        <GuestLink vmid={volume.vmid} />
                      )}
                    </td>
                    <td className="num muted hide-m">
                      {volume.createdAt === undefined ? t("value.none") : <When at={volume.createdAt} now={now} />}
                    </td>
                    <td className="num">
                      <Button
                        look="quiet"
                        icon="trash"
                        whyNot={
                          noRemove ??
                          (volume.isProtected
                            ? t("storage.protected")
                            : isInUse(volume, inventory.guests)
                              ? t("storage.in-use")
                              : undefined)
                        }
                        aria-label={t("storage.remove-one", { name: volume.name })}
                        onClick={() => setRemoving(volume)}
                      />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {isUploading ? (
        <UploadSheet
          node={node}
          storage={name}
          contents={uploads}
          onClose={() => {
            setUploading(false);
            content.reload();
          }}
        />
      ) : null}
      {removing === undefined ? null : (
        <Confirm
          title={t("storage.remove-title", { name: removing.name })}
          text={t("storage.remove-text", { name: removing.volid })}
          action={t("storage.remove-action")}
          onConfirm={() => void remove(removing)}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </>
  );
}

/** Disks of guests that exist are taken off the guest first. */
function isInUse({ vmid, content }: Volume, guests: ReadonlyMap<number, unknown>): boolean {
  return (content === "images" || content === "rootdir") && vmid !== undefined && guests.has(vmid);
}

function GuestLink({ vmid }: { readonly vmid: number }): ReactNode {
  const guest = useInventory(({ guests }) => guests.get(vmid));
  return guest === undefined ? (
    <span>{vmid}</span>
  ) : (
    <Link className="link" to={`/vm/${vmid}`}>
      {guest.name}
    </Link>
  );
}
