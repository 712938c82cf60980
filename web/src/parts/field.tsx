/** A label above, the control, its unit inside, help or what is wrong below. */
import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";
import { Icon } from "./icon.tsx";

interface Around {
  readonly label: string;
  readonly unit?: string | undefined;
  readonly help?: ReactNode;
  readonly error?: string | undefined;
  /** Sixths of the row's width. */
  readonly width?: 2 | 3 | 4 | 6;
}

const WIDTH = { 2: " w2", 3: "", 4: " w4", 6: " w6" } as const;

function Surround({
  around: { label, unit, help, error, width = 3 },
  id,
  isTall = false,
  children,
}: {
  readonly around: Around;
  readonly id: string;
  readonly isTall?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className={`f${WIDTH[width]}`}>
      <label htmlFor={id}>{label}</label>
      <div className={`in${error === undefined ? "" : " wrong"}${isTall ? " tall" : ""}`}>
        {children}
        {unit === undefined ? null : <span className="u">{unit}</span>}
      </div>
      {error === undefined ? null : (
        <small className="err" id={`${id}-error`}>
          {error}
        </small>
      )}
      {help === undefined || error !== undefined ? null : <small id={`${id}-help`}>{help}</small>}
    </div>
  );
}

function described({ help, error }: Around, id: string): Readonly<Record<string, string | boolean | undefined>> {
  const by = error !== undefined ? `${id}-error` : help === undefined ? undefined : `${id}-help`;
  return { "aria-describedby": by, "aria-invalid": error === undefined ? undefined : true };
}

type InputProps = Around &
  Omit<InputHTMLAttributes<HTMLInputElement>, "width" | "onChange"> & {
    readonly onChange: (value: string) => void;
    readonly after?: ReactNode;
  };

export function TextField({ label, unit, help, error, width, onChange, after, ...input }: InputProps): ReactNode {
  const id = useId();
  const around: Around = { label, unit, help, error, ...(width === undefined ? {} : { width }) };
  return (
    <Surround around={around} id={id}>
      <input {...input} {...described(around, id)} id={id} onChange={(event) => onChange(event.target.value)} />
      {after}
    </Surround>
  );
}

type SelectProps = Around &
  Omit<SelectHTMLAttributes<HTMLSelectElement>, "width" | "onChange"> & {
    readonly onChange: (value: string) => void;
    readonly options: readonly { readonly value: string; readonly label: string }[];
  };

export function SelectField({ label, unit, help, error, width, onChange, options, ...select }: SelectProps): ReactNode {
  const id = useId();
  const around: Around = { label, unit, help, error, ...(width === undefined ? {} : { width }) };
  return (
    <Surround around={around} id={id}>
      <select {...select} {...described(around, id)} id={id} onChange={(event) => onChange(event.target.value)}>
        {options.map(({ value, label: text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <Icon name="down" />
    </Surround>
  );
}

type AreaProps = Around &
  Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "width" | "onChange"> & {
    readonly onChange: (value: string) => void;
  };

export function TextArea({ label, unit, help, error, width, onChange, ...area }: AreaProps): ReactNode {
  const id = useId();
  const around: Around = { label, unit, help, error, ...(width === undefined ? {} : { width }) };
  return (
    <Surround around={around} id={id} isTall>
      <textarea {...area} {...described(around, id)} id={id} onChange={(event) => onChange(event.target.value)} />
    </Surround>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly help?: string | undefined;
  readonly checked: boolean;
  readonly onChange: (value: boolean) => void;
  readonly width?: 2 | 3 | 4 | 6;
}

export function Switch({ label, help, checked, onChange, width = 3 }: SwitchProps): ReactNode {
  const id = useId();
  return (
    <div className={`f${WIDTH[width]}`}>
      <label className="sw" htmlFor={id}>
        <input
          id={id}
          type="checkbox"
          checked={checked}
          aria-describedby={help === undefined ? undefined : `${id}-help`}
          onChange={(event) => onChange(event.target.checked)}
        />
        <span>{label}</span>
      </label>
      {help === undefined ? null : <small id={`${id}-help`}>{help}</small>}
    </div>
  );
}
