"""Takes memory, 4 MiB each 20 ms, until it is stopped or has 2 GiB."""

import time

PIECE = 4 << 20

held = []
while len(held) * PIECE < 2 << 30:
    held.append(b"x" * PIECE)
    time.sleep(0.02)
