"""Types at the console of the program for Windows, under Wine: console.py PROGRAM STAND-IN

Wine makes a console of a pseudo-terminal, in which Ctrl-C ends every process. The environment is that of tests/windows.
"""

import os
import pathlib
import pty
import re
import select
import sys
import tempfile
import time

LIMIT = 60
PROGRAM, STAND_IN = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
SECRET = "hunter2-KEY"


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


class Console:
    """A console in which a command runs."""

    def __init__(self, home, *command):
        self.shown = ""
        environment = os.environ | {
            "USERPROFILE": windows_path(home),
            "LOCALAPPDATA": windows_path(home / "local"),
            "IBMCLOUD_TOKEN_IBMCLOUD": windows_path(STAND_IN),
            "STAND_IN_SESSION": "1",
            "TERM": "xterm",
        }
        self.id, self.terminal = pty.fork()
        if self.id == 0:
            os.chdir(home)
            os.execvpe("wine", ["wine", *map(str, command)], environment)

    def read(self, seconds):
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        try:
            text = os.read(self.terminal, 65536) if ready else None
        except OSError:
            text = b""
        if text:
            # Without the codes that move the cursor.
            self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.decode(errors="replace"))
        return text

    def wait_for(self, words):
        end = time.monotonic() + LIMIT
        while words not in self.shown:
            if self.read(0.2) == b"" or time.monotonic() > end:
                sys.exit(f"console.py: {words!r} is not shown:\n{self.shown}")
        self.settle()

    def settle(self):
        """Reads until nothing has come for a while, so that the console's modes are set, too."""
        while self.read(1):
            pass

    def type(self, text):
        for key in text:
            os.write(self.terminal, key.encode())
            time.sleep(0.02)
        self.settle()

    def end(self):
        while self.read(LIMIT):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.id, 0)[1])


def check(condition, what, console):
    if not condition:
        sys.exit(f"console.py: {what}:\n{console.shown}")


def login_at_the_console(home):
    console = Console(home, PROGRAM, "login")
    console.wait_for("Email>")
    console.type("ada@example.org\r")
    console.wait_for("Password>")
    console.type(SECRET + "\r")
    status = console.end()
    check(status == 0 and "logged in as ada@example.org" in console.shown, f"the status is {status}", console)
    check("ada@example.org" in console.shown, "the answer is not echoed", console)
    check(SECRET not in console.shown, "the password is echoed", console)


def check_echo(console):
    console.shown = ""
    console.type("rem-is-this-shown")
    check("rem-is-this-shown" in console.shown, "the console has lost its echo", console)
    console.type("\r")


def text_is_utf_8(home):
    console = Console(home, PROGRAM, "-f", "é字 %{account}")
    status = console.end()
    check(status == 0 and "é字 " in console.shown, f"the status is {status}", console)


def key_is_hidden_and_echo_is_restored(home):
    console = Console(home, "cmd", "/d")
    console.wait_for(">")
    console.shown = ""
    console.type(f"{windows_path(PROGRAM)} login --apikey -\r")
    console.wait_for("API key:")
    console.type(SECRET + "\r")
    console.wait_for("logged in as")
    check(SECRET not in console.shown, "the key is echoed", console)
    check_echo(console)
    console.type("exit\r")
    console.end()


TESTS = (login_at_the_console, text_is_utf_8, key_is_hidden_and_echo_is_restored)

with tempfile.TemporaryDirectory() as place:
    for test in TESTS:
        test(pathlib.Path(place))
        print(f"console: {test.__name__} ... ok", flush=True)
