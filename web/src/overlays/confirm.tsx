import { type FormEvent, type ReactNode, useState } from "react";
import { Button } from "../parts/button.tsx";
import { TextField } from "../parts/field.tsx";
import { t } from "../text/t.ts";
import { Dialog } from "./lazy.tsx";

interface ConfirmProps {
  readonly title: string;
  readonly text: ReactNode;
  /** Verb and object: "Stop db-02". */
  readonly action: string;
  /** Has to be typed for what cannot be undone. */
  readonly typedName?: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Cancel is what Enter does, unless a name has been typed. */
export function Confirm({ title, text, action, typedName, onConfirm, onClose }: ConfirmProps): ReactNode {
  const [typed, setTyped] = useState("");
  const isNamed = typedName === undefined || typed === typedName;
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (!isNamed) return;
    onClose();
    onConfirm();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="sheet" onSubmit={onSubmit}>
        <div className="muted">{text}</div>
        {typedName === undefined ? null : (
          <TextField
            label={t("confirm.type-name", { name: typedName })}
            value={typed}
            onChange={setTyped}
            autoComplete="off"
            width={6}
            data-autofocus
          />
        )}
        <div className="sheetf">
          <Button onClick={onClose} {...(typedName === undefined ? { "data-autofocus": true } : {})}>
            {t("action.cancel")}
          </Button>
          <Button look="danger" type="submit" whyNot={isNamed ? undefined : t("confirm.name-differs")}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
