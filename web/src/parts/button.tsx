import type { ButtonHTMLAttributes, ReactNode } from "react";
import { useId } from "react";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled"> {
  readonly icon?: IconName | undefined;
  readonly look?: "plain" | "primary" | "quiet" | "danger" | undefined;
  /** Why it cannot be used: told by the tooltip and read aloud. The button stays in the order of focus. */
  readonly whyNot?: string | undefined;
  /** Something is under way: pressing does nothing. */
  readonly isBusy?: boolean | undefined;
  readonly children?: ReactNode;
}

const LOOK = { plain: "", primary: " pri", quiet: " quiet", danger: " bad" } as const;

export function Button({
  icon,
  look = "plain",
  whyNot,
  isBusy = false,
  children,
  className = "",
  onClick,
  ...rest
}: ButtonProps): ReactNode {
  const id = useId();
  const isOff = whyNot !== undefined || isBusy;
  return (
    <>
      <button
        type="button"
        {...rest}
        className={`btn${LOOK[look]} ${className}`}
        aria-disabled={isOff || undefined}
        aria-busy={isBusy || undefined}
        aria-describedby={whyNot === undefined ? undefined : id}
        title={whyNot ?? rest.title}
        onClick={(event) => {
          if (isOff) event.preventDefault();
          else onClick?.(event);
        }}
      >
        {icon === undefined ? null : <Icon name={icon} />}
        {children}
      </button>
      {whyNot === undefined ? null : (
        <span id={id} className="sr">
          {whyNot}
        </span>
      )}
    </>
  );
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled"> {
  readonly icon: IconName;
  readonly label: string;
}

export function IconButton({ icon, label, className = "", ...rest }: IconButtonProps): ReactNode {
  return (
    <button type="button" {...rest} className={`ib ${className}`} aria-label={label} title={label}>
      <Icon name={icon} />
    </button>
  );
}
