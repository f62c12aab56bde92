from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from zenstrap.errors import InterruptedRunError, TerraformError
from zenstrap.interrupt import Interrupt
from zenstrap.terraform import process
from zenstrap.terraform.process import Finished, OnLine

from .conftest import MakeProgram, has_ended

MakePipe = Callable[[str], Path]

# Counts SIGINTs, says so, and ends when it reads a line from the pipe.
STUBBORN = """
trap 'echo got SIGINT' INT
echo began $$
while ! read -r word < "$PIPE"; do :; done
echo bye
"""
# Ends with code 1 at the first SIGINT, as Terraform does.
POLITE = """
trap 'echo got SIGINT; exit 1' INT
echo began $$
while :; do read -r word < "$PIPE"; done
"""


def run(
    program: Path,
    on_line: OnLine | None = None,
    interrupt: Interrupt | None = None,
    time_limit: float = 30,
    grace: float = 30,
    **environment: str,
) -> Finished:
    return process.run(
        [str(program)],
        folder=program.parent,
        environment={"PATH": os.environ["PATH"], **environment},
        time_limit=time_limit,
        grace=grace,
        interrupt=interrupt,
        on_line=on_line,
    )


def test_output_code_and_environment(make_program: MakeProgram) -> None:
    program = make_program('echo "a=$A home=$HOME"; echo oops >&2; umask; exit 3')
    finished = run(program, A="1 2")
    assert finished.stdout == "a=1 2 home=\n0077\n"
    assert (finished.stderr, finished.code, finished.stopped) == ("oops\n", 3, None)
    assert "a=1" not in repr(finished)


def test_much_on_both_pipes_does_not_block(make_program: MakeProgram) -> None:
    program = make_program(
        "i=0; while [ $i -lt 3000 ]; do i=$((i+1));"
        ' echo "$i aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";'
        ' echo "$i bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" >&2; done;'
        " printf 'no end of line'"
    )
    lines: list[str] = []
    finished = run(program, lines.append)
    assert len(lines) == 3001
    assert lines[-1] == "no end of line"
    assert finished.stderr.count("\n") == 3000


def test_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(TerraformError, match="can't be started"):
        run(tmp_path / "missing")


def test_one_request_is_one_sigint(make_program: MakeProgram, make_pipe: MakePipe) -> None:
    pipe, interrupt, lines = make_pipe("p"), Interrupt(), []

    def on_line(line: str) -> None:
        lines.append(line)
        if line.startswith("began"):
            interrupt.request()
        elif line == "got SIGINT":
            threading.Thread(target=lambda: pipe.write_text("go\n")).start()

    finished = run(make_program(STUBBORN), on_line, interrupt, PIPE=str(pipe))
    assert [line for line in lines if line == "got SIGINT"] == ["got SIGINT"]
    assert (finished.code, finished.stopped, finished.killed) == (0, "interrupt", False)


def test_a_request_after_the_time_limit_is_no_second_sigint(
    make_program: MakeProgram, make_pipe: MakePipe
) -> None:
    pipe, interrupt, lines = make_pipe("p"), Interrupt(), []

    def on_line(line: str) -> None:
        lines.append(line)
        if line == "got SIGINT" and not interrupt.requested:
            interrupt.request()
            threading.Thread(target=lambda: pipe.write_text("go\n")).start()

    finished = run(make_program(STUBBORN), on_line, interrupt, time_limit=0.3, PIPE=str(pipe))
    assert lines.count("got SIGINT") == 1
    assert (finished.code, finished.stopped, finished.killed) == (0, "time limit", False)


def test_a_signal_handler_may_request(make_program: MakeProgram, make_pipe: MakePipe) -> None:
    pipe, interrupt, lines = make_pipe("p"), Interrupt(), []
    before = signal.signal(signal.SIGINT, lambda *_: interrupt.request())
    began = threading.Event()

    def on_line(line: str) -> None:
        lines.append(line)
        began.set()

    def press() -> None:
        began.wait(30)
        os.kill(os.getpid(), signal.SIGINT)  # the main thread waits for the next line by now

    thread = threading.Thread(target=press)
    thread.start()
    try:
        finished = run(make_program(POLITE), on_line, interrupt, PIPE=str(pipe))
    finally:
        signal.signal(signal.SIGINT, before)
        thread.join()
    assert lines[1:] == ["got SIGINT"]
    assert (finished.code, finished.stopped) == (1, "interrupt")


def test_only_a_second_request_kills(make_program: MakeProgram, make_pipe: MakePipe) -> None:
    pipe, interrupt = make_pipe("p"), Interrupt()

    def on_line(line: str) -> None:
        interrupt.request()  # at "began", then at "got SIGINT"

    # Time limit and grace run out in between and change nothing.
    finished = run(
        make_program(STUBBORN), on_line, interrupt, time_limit=0.5, grace=0.01, PIPE=str(pipe)
    )
    assert interrupt.count == 2
    assert (finished.code, finished.stopped, finished.killed) == (-9, "interrupt", True)


def test_an_interrupted_operation_outlasts_the_time_limit(
    make_program: MakeProgram, make_pipe: MakePipe
) -> None:
    pipe, interrupt = make_pipe("p"), Interrupt()
    long_after = threading.Timer(0.8, lambda: pipe.write_text("go\n"))

    def on_line(line: str) -> None:
        if line.startswith("began"):
            interrupt.request()
            long_after.start()

    finished = run(
        make_program(STUBBORN), on_line, interrupt, time_limit=0.5, grace=0.05, PIPE=str(pipe)
    )
    assert (finished.code, finished.killed) == (0, False)


def test_the_time_limit_asks_first(make_program: MakeProgram, make_pipe: MakePipe) -> None:
    pipe = make_pipe("p")
    finished = run(make_program(POLITE), time_limit=0.3, PIPE=str(pipe))
    assert finished.stdout.endswith("got SIGINT\n")
    assert (finished.code, finished.stopped, finished.killed) == (1, "time limit", False)


def test_then_kills_the_group(make_program: MakeProgram, make_pipe: MakePipe) -> None:
    pipe = make_pipe("p")
    body = f'trap "" INT; cat "$PIPE" & echo $!; {STUBBORN}'
    finished = run(make_program(body), time_limit=0.3, grace=0.1, PIPE=str(pipe))
    assert (finished.stopped, finished.killed) == ("time limit", True)
    assert has_ended(int(finished.stdout.split()[0]))


def test_what_is_left_in_the_group_ends(make_program: MakeProgram, make_pipe: MakePipe) -> None:
    # It holds stdout open as well, which must not keep us waiting.
    pipe = make_pipe("p")
    finished = run(make_program('cat "$PIPE" & echo $!'), PIPE=str(pipe))
    assert finished.code == 0
    assert has_ended(int(finished.stdout))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_no_child_outlives_a_failing_owner(
    error: type[BaseException], make_program: MakeProgram, make_pipe: MakePipe
) -> None:
    pipe, lines = make_pipe("p"), []

    def on_line(line: str) -> None:
        lines.append(line)
        if line.startswith("began"):
            raise error

    with pytest.raises(error):
        run(make_program(POLITE), on_line, PIPE=str(pipe))
    assert has_ended(int(lines[0].split()[1]))
    assert lines[1:] == ["got SIGINT"]  # it could end its work


def test_nor_one_that_does_not_listen(make_program: MakeProgram, make_pipe: MakePipe) -> None:
    pipe, pids = make_pipe("p"), []

    def on_line(line: str) -> None:
        pids.append(line.split()[1])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run(make_program(STUBBORN), on_line, grace=0.05, PIPE=str(pipe))
    assert has_ended(int(pids[0]))


def test_a_terminal_interrupt_does_not_reach_it(make_program: MakeProgram) -> None:
    session = run(make_program("ps -o sid= -p $$ 2>/dev/null || echo none")).stdout.strip()
    assert session != str(os.getsid(0))


def test_interrupt_tells_those_who_come_later() -> None:
    interrupt, heard = Interrupt(), []
    interrupt.check()
    interrupt.request()
    with interrupt.on_request(heard.append):
        assert heard == [1]
        interrupt.request()
    interrupt.request()
    assert heard == [1, 2]
    assert interrupt.requested
    with pytest.raises(InterruptedRunError):
        interrupt.check()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE])
def test_it_ends_by_the_same_signal(make_program: MakeProgram, number: int) -> None:
    assert run(make_program(f"kill -{int(number)} $$")).code == -number


def test_signals_are_as_a_shell_has_them(make_program: MakeProgram) -> None:
    """What Python ignores isn't passed on, nor SIGINT, which background jobs ignore."""
    finished = run(make_program("grep -E 'Sig(Blk|Ign)' /proc/self/status"))
    blocked, ignored = (int(line.split()[1], 16) for line in finished.stdout.splitlines())
    (own,) = re.findall(r"SigIgn:\s*(\w+)", Path("/proc/self/status").read_text())
    reset = sum(1 << (n - 1) for n in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT))
    assert blocked == 0 and ignored == int(own, 16) & ~reset
