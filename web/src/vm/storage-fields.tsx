/** Choices of a storage and of an ISO image, from what the node has. */
import { type ReactNode, useEffect, useState } from "react";
import { useApp, useInventory } from "../app-context.tsx";
import { formatBytes } from "../format/bytes.ts";
import { SelectField } from "../parts/field.tsx";
import { t } from "../text/t.ts";

interface StorageFieldProps {
  readonly node: string;
  readonly content: string;
  readonly value: string;
  readonly onChange: (storage: string) => void;
  readonly width?: 2 | 3 | 4 | 6;
  readonly error?: string | undefined;
}

/** Chooses the storage with most space by itself. */
export function StorageField({ node, content, value, onChange, width = 3, error }: StorageFieldProps): ReactNode {
  const storages = useInventory((inventory) =>
    [...inventory.storages.values()]
      .filter((storage) => storage.node === node && storage.content.includes(content) && storage.isAvailable)
      .sort((a, b) => free(b) - free(a)),
  );
  const [first] = storages;
  useEffect(() => {
    if (value === "" && first !== undefined) onChange(first.name);
  }, [value, first, onChange]);
  const chosen = storages.find(({ name }) => name === value);
  const help =
    chosen === undefined
      ? storages.length === 0
        ? t("storage.none-for", { content })
        : undefined
      : t(chosen.isShared ? "storage.free-shared" : "storage.free-local", { free: formatBytes(free(chosen)) });
  return (
    <SelectField
      label={t("column.storage")}
      width={width}
      value={value}
      onChange={onChange}
      help={help}
      error={error}
      options={storages.map(({ name }) => ({ value: name, label: name }))}
    />
  );
}

function free({ used, total }: { readonly used: number | undefined; readonly total: number | undefined }): number {
  return total === undefined || used === undefined ? 0 : total - used;
}

interface IsoFieldProps {
  readonly node: string;
  readonly value: string;
  readonly onChange: (volume: string) => void;
  readonly isEmptyAllowed?: boolean;
  readonly width?: 2 | 3 | 4 | 6;
  readonly error?: string | undefined;
}

export function IsoField({
  node,
  value,
  onChange,
  isEmptyAllowed = false,
  width = 3,
  error,
}: IsoFieldProps): ReactNode {
  const storages = useInventory((inventory) =>
    [...inventory.storages.values()]
      .filter((storage) => storage.node === node && storage.content.includes("iso") && storage.isAvailable)
      .map(({ name }) => name),
  );
  const volumes = useIsoVolumes(node, storages);
  const [first] = volumes;
  useEffect(() => {
    if (!isEmptyAllowed && value === "" && first !== undefined) onChange(first);
  }, [isEmptyAllowed, value, first, onChange]);
  const options = [
    ...(isEmptyAllowed || volumes.length === 0
      ? [{ value: "", label: t(isEmptyAllowed ? "hardware.no-medium" : "create.no-iso") }]
      : []),
    ...(value !== "" && !volumes.includes(value) ? [{ value, label: value }] : []),
    ...volumes.map((volume) => ({ value: volume, label: volume.replace(":iso/", ": ") })),
  ];
  return (
    <SelectField
      label={t("hardware.iso")}
      width={width}
      value={value}
      onChange={onChange}
      error={error}
      options={options}
      help={volumes.length === 0 ? t("create.upload-first") : undefined}
    />
  );
}

/** All images of some storages; one that does not answer is left out, as its row in the list of storages says. */
function useIsoVolumes(node: string, storages: readonly string[]): readonly string[] {
  const { api } = useApp();
  const [volumes, setVolumes] = useState<readonly string[]>([]);
  const key = storages.join(" ");
  useEffect(() => {
    if (key === "") return;
    const abort = new AbortController();
    const load = async (): Promise<void> => {
      const answers = await Promise.allSettled(
        key
          .split(" ")
          .map((storage) =>
            api.get(
              "/nodes/{node}/storage/{storage}/content",
              { node, storage, content: "iso" },
              { signal: abort.signal },
            ),
          ),
      );
      if (abort.signal.aborted) return;
      const rows = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
      setVolumes(rows.map((row) => String((row as { volid?: unknown }).volid ?? "")));
    };
    void load();
    return () => abort.abort();
  }, [api, node, key]);
  return volumes;
}
