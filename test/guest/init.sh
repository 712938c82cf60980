#!/bin/busybox sh
# First process of the test guest: loads drivers, answers the power button, then gives a shell on the serial port.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod /modules/$module.ko 2>/dev/null; done
hostname test-guest
acpid -f -c /etc/acpi -l /dev/null &
echo READY > /dev/ttyS0
[ -c /dev/tty1 ] && (while true; do setsid sh -c 'exec sh </dev/tty1 >/dev/tty1 2>&1'; done) &
while true; do setsid sh -c 'exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1'; done
