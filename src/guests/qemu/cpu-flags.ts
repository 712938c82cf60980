/** Which cpu flags a guest can have on this machine: QEMU is started without a guest and asked what its best cpu offers. */
import { runCommand } from "../../os/run-command.ts";

const LIMIT_MS = 20_000;
const HELP_LIMIT_MS = 10_000;

/** @returns names in alphabetical order. @throws CommandFailedError where the accelerator cannot be used. */
export async function readCpuFlags(binary: string, accelerator: "kvm" | "tcg"): Promise<string[]> {
  const help = await runCommand([binary, "-cpu", "help"], { timeoutMs: HELP_LIMIT_MS });
  const commands = [
    { execute: "qmp_capabilities" },
    { execute: "query-cpu-model-expansion", arguments: { type: "full", model: { name: "max" } } },
    { execute: "quit" },
  ];
  const argv = [binary, "-machine", `none,accel=${accelerator}`, "-nodefaults", "-display", "none", "-qmp", "stdio"];
  const { stdout } = await runCommand(argv, {
    timeoutMs: LIMIT_MS,
    input: commands.map((command) => `${JSON.stringify(command)}\n`).join(""),
  });
  return usableFlags({ help: help.stdout, answers: stdout });
}

/** @param texts.help of `-cpu help`. @param texts.answers JSON lines of QMP. */
export function usableFlags({ help, answers }: { readonly help: string; readonly answers: string }): string[] {
  const properties =
    answers
      .split("\n")
      .map(expandedProperties)
      .find((found) => found !== undefined) ?? {};
  // A cpu model has switches that are no flags of the processor; the help knows which are.
  const [, list = ""] = /^Recognized CPUID flags:\n([\s\S]*?)(?:\n\n|$(?![\s\S]))/m.exec(help) ?? [];
  const flags = list.split(/\s+/).filter((flag) => flag !== "" && properties[flag] === true);
  return [...new Set(flags)].sort();
}

function expandedProperties(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.includes('"props"')) return undefined;
  const answer: { return?: { model?: { props?: Record<string, unknown> } } } = JSON.parse(line);
  return answer.return?.model?.props;
}
