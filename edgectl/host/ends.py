"""What asks this process to end, and is answered by everything off first."""

import signal

# A terminal that is closed, or a line to it that is lost, says SIGHUP: that must not leave a pump on. Whoever had it
# ignored (nohup) goes on.
ENDS = tuple(
    number
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
)
