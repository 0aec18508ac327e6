#!/usr/bin/env python3
"""Draws docs/terminal.svg: a real run of the example `get --demo` in a terminal of 80 columns, as an animation.

    cargo build --example get && python3 docs/terminal.py

Needs Python 3 on Unix and no package. CARGO_TARGET_DIR is respected.
"""

import codecs
import html
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata
from fcntl import ioctl

COLUMNS, ROWS = 80, 8
COMMAND = "cargo run --quiet --example get -- --demo"
FRAMES = 12
LINE, CHAR, MARGIN = 20, 8.4, 14


class Screen:
    """The part of a terminal that a progress bar uses: carriage return, line feed, erase, cursor up."""

    def __init__(self):
        self.rows, self.row, self.column = [""], 0, 0

    def feed(self, text):
        for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+|\x1b", text):
            if token == "\r":
                self.column = 0
            elif token == "\n":
                self.row, self.column = self.row + 1, 0
                self.rows += [""] * (self.row + 1 - len(self.rows))
            elif re.fullmatch(r"\x1b\[[02]?K", token):
                self.rows[self.row] = "" if token.endswith("2K") else self.rows[self.row][: self.column]
            elif match := re.fullmatch(r"\x1b\[(\d*)A", token):
                self.row = max(0, self.row - int(match[1] or 1))
            elif not token.startswith("\x1b"):
                line = self.rows[self.row].ljust(self.column)
                self.rows[self.row] = line[: self.column] + token + line[self.column + len(token) :]
                self.column += len(token)

    def lines(self):
        return [row.rstrip() for row in self.rows if row.strip()]


def record(program, folder):
    """Runs the program in a pseudo terminal, and returns the time and the lines after each change."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    env = {key: value for key, value in os.environ.items() if not key.startswith("DINGTALK_")}
    process = subprocess.Popen(
        [program, "--demo"], cwd=folder, stdin=slave, stdout=slave, stderr=slave, env={**env, "TERM": "xterm"}
    )
    os.close(slave)
    screen, frames, began = Screen(), [], time.monotonic()
    decoder = codecs.getincrementaldecoder("utf-8")()
    while time.monotonic() - began < 60:
        if select.select([master], [], [], 0.05)[0]:
            try:
                data = os.read(master, 4096)
            except OSError:
                break
            if not data:
                break
            screen.feed(decoder.decode(data))
            lines = screen.lines()
            if not frames or frames[-1][1] != lines:
                frames.append((time.monotonic() - began, lines))
        elif process.poll() is not None:
            break
    if process.wait(timeout=10) != 0:
        sys.exit(f"{program} ended with {process.returncode}: {frames[-1:]}")
    return frames


def width(text):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def draw(frames):
    """Returns the SVG: one group of lines for each frame, shown one after the other; the last one stays."""
    frames = [(time, ["$ " + COMMAND, *lines]) for time, lines in frames]
    height = max(len(lines) for _, lines in frames) * LINE + 2 * MARGIN
    total = frames[-1][0] + 3
    parts = []
    for place, (begin, lines) in enumerate(frames):
        end = frames[place + 1][0] if place + 1 < len(frames) else total
        times = f"0;{begin / total:.4f};{end / total:.4f}"
        is_last = place + 1 == len(frames)
        values = "hidden;visible;visible" if is_last else "hidden;visible;hidden"
        if place == 0:
            times, values = f"0;{end / total:.4f}", "visible;hidden"
        parts.append(f'<g visibility="{"visible" if is_last else "hidden"}">')
        parts.append(
            f'<animate attributeName="visibility" calcMode="discrete" dur="{total:.2f}s" '
            f'repeatCount="indefinite" keyTimes="{times}" values="{values}"/>'
        )
        for row, line in enumerate(lines):
            y = MARGIN + row * LINE + 14
            color = "#8bd17c" if row == 0 else "#e6e6e6"
            parts.append(
                f'<text x="{MARGIN}" y="{y}" fill="{color}" textLength="{width(line) * CHAR:.1f}" '
                f'lengthAdjust="spacingAndGlyphs" xml:space="preserve">{html.escape(line)}</text>'
            )
        parts.append("</g>")
    size = f'{COLUMNS * CHAR + 2 * MARGIN:.0f}" height="{height}'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" role="img">\n'
        f"<title>{html.escape(COMMAND)}</title>\n"
        f'<rect width="100%" height="100%" rx="6" fill="#1e1f26"/>\n'
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">\n'
        + "\n".join(parts)
        + "\n</g>\n</svg>\n"
    )


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(root, "target"))
    folder = tempfile.mkdtemp()
    try:
        frames = record(os.path.join(target, "debug", "examples", "get"), folder)
    finally:
        shutil.rmtree(folder)
    step = max(1, (len(frames) - 1) // FRAMES)
    chosen = frames[:-1:step] + frames[-1:]
    # The address of the fake differs in each run.
    chosen = [(at, [re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:40123", line) for line in lines]) for at, lines in chosen]
    with open(os.path.join(root, "docs", "terminal.svg"), "w", encoding="utf-8") as file:
        file.write(draw(chosen))
    print("\n".join(chosen[-1][1]))


if __name__ == "__main__":
    main()
