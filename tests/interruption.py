"""An interrupted run clears up: every fixture comes to its end.

pytest does that by itself, but pytest-xdist's processes do not get the time: 5 s after the interruption another one
strikes in the middle of what is being taken away, and 5 s later they are killed. Taking a stack away takes longer.
"""

import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

import psutil
import pytest

SECONDS = 120
"""How long the processes of an interrupted run may take to end: a fixture that hangs is not waited for."""

OF_A_PROCESS = "of a process of pytest-xdist's"
OF_THE_RUN = "of the run"


def register(config: pytest.Config) -> None:
    """Have this process of a run, or the run itself, clear up when it is interrupted."""
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Process(), OF_A_PROCESS)
    else:
        config.pluginmanager.register(Run(config), OF_THE_RUN)


class Process:
    """One of the processes that share the tests: it is interrupted once, and not while a fixture ends."""

    def __init__(self) -> None:
        self._ending = self._interrupted = False
        # What tests start is interrupted by default: a handler of ours is not handed on, as ignoring would be.
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        if self._interrupted:
            return
        self._interrupted = True
        if not self._ending:
            raise KeyboardInterrupt

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Iterator[None]:
        """Put an interruption off until the fixtures have ended."""
        self._ending = True
        try:
            yield
        finally:
            self._ending = False
        if self._interrupted:
            raise KeyboardInterrupt

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Let the fixtures of the whole session end, too."""
        self._ending = True


class Run:
    """The process that hands the tests out: it waits for the others before it ends, whoever was interrupted."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._nodes: list[Any] = []
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
        signal.signal(signal.SIGTERM, signal.default_int_handler)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Note a process of pytest-xdist's."""
        self._nodes.append(node)

    def pytest_keyboard_interrupt(self) -> None:
        """Interrupt the others, as only a terminal does by itself, and wait until their fixtures have ended."""
        if not self._nodes:
            return
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        reporter.write_line("\ninterrupted: what the tests started is being taken away", yellow=True)
        for process in psutil.Process().children():
            process.send_signal(signal.SIGINT)
        for node in self._nodes:
            try:
                node.channel.waitclose(SECONDS)
            except node.channel.TimeoutError:
                reporter.write_line(f"{node.gateway.id} did not end within {SECONDS} s", red=True)
            except node.channel.RemoteError:
                pass  # it says how it ended; it has
