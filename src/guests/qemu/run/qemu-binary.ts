/** The emulator of this machine's own architecture, as Debian names it. */
export const QEMU_BINARY = "qemu-system-x86_64";
