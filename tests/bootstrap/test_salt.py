"""The salt of each clone stays out of git: docs/adr/0001."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bootstrap.conftest import Clone
from tools.bootstrap import salt
from tools.bootstrap.checkout import Checkout
from tools.bootstrap.setup import set_up

pytestmark = pytest.mark.e2e

STACK_FILE = salt.stack_file("dev")
SHIPPED = sorted(file.name for file in Checkout.here().root.glob(salt.STACK_FILES))


def up(clone: Clone, stack: str = "dev") -> None:
    """What `make up` does with the stack."""
    clone.stack(stack).select()
    clone.run("pulumi", "up", "--yes", "--non-interactive", "--skip-preview")
    clone.stack(stack).keep_salt()


def has_salt(clone: Clone, file: str = STACK_FILE) -> bool:
    return "encryptionsalt" in (clone.root / file).read_text()


def test_clones_have_their_own_salt_and_a_clean_status(make_clone: Callable[[str], Clone]) -> None:
    clones = [make_clone("one"), make_clone("two with a space")]
    for clone in clones:
        up(clone)
    salts = {(clone.root / STACK_FILE).read_text() for clone in clones}
    assert len(salts) == 2
    for clone in clones:
        assert has_salt(clone)
        assert clone.status() == ""
        assert clone.run("pulumi", "stack", "output", "url", "--show-secrets").strip() == "postgresql://somewhere"


def test_a_file_taken_from_git_again_gets_its_salt_back(clone: Clone) -> None:
    up(clone)
    (clone.root / STACK_FILE).unlink()
    clone.run("git", "checkout", STACK_FILE)
    assert has_salt(clone)
    clone.run("pulumi", "up", "--yes", "--non-interactive", "--skip-preview")
    assert clone.status() == ""


def test_a_file_without_salt_works_and_up_cleans_the_status(clone: Clone) -> None:
    up(clone)
    (clone.root / salt.KEPT_SALTS / STACK_FILE).unlink()
    (clone.root / STACK_FILE).unlink()
    clone.run("git", "checkout", STACK_FILE)
    assert not has_salt(clone)
    assert clone.run("pulumi", "stack", "output", "url", "--show-secrets").strip() == "postgresql://somewhere"
    up(clone)
    assert has_salt(clone)
    assert clone.status() == ""


def test_stash_and_pop_carry_a_change_past_pulumi(clone: Clone) -> None:
    up(clone)
    clone.run("pulumi", "config", "set", "colour", "green")
    clone.run("git", "stash")
    assert clone.status() == ""
    clone.run("pulumi", "up", "--yes", "--non-interactive", "--skip-preview")
    clone.run("git", "stash", "pop")
    assert clone.run("pulumi", "config", "get", "colour").strip() == "green"
    assert clone.status() == f" M {STACK_FILE}\n"


def test_a_real_change_is_committed_without_the_salt(clone: Clone) -> None:
    up(clone)
    clone.run("pulumi", "config", "set", "colour", "green")
    clone.stack().keep_salt()
    assert clone.status() == f" M {STACK_FILE}\n", "a change of the user's must not be staged for him"
    clone.run("git", "commit", "-q", "-a", "-m", "Colour")
    assert clone.status() == ""
    committed = clone.run("git", "show", f"HEAD:{STACK_FILE}")
    assert "green" in committed
    assert "encryptionsalt" not in committed
    assert has_salt(clone)


@pytest.mark.parametrize("name", SHIPPED)
def test_this_projects_stack_files_are_as_pulumi_writes_them(clone: Clone, name: str) -> None:
    """Otherwise the first `pulumi up` reformats them, and every clone's status is dirty."""
    before = salt.SALT_LINE.sub("", (Checkout.here().root / name).read_text())
    (clone.root / name).write_text(before)
    stack = name.split(".")[1]
    up(clone, stack)
    clone.run("pulumi", "config", "set", "--path", "written.by", "pulumi", "--stack", stack)
    clone.run("pulumi", "config", "rm", "written", "--stack", stack)
    assert has_salt(clone, name)
    assert salt.SALT_LINE.sub("", (clone.root / name).read_text()) == before


def test_each_stack_has_a_salt_of_its_own(clone: Clone) -> None:
    production = salt.stack_file("production")
    (clone.root / production).write_text("config:\n  agent-ecosystem:target: embedded\n")
    clone.run("git", "add", production)
    clone.run("git", "commit", "-q", "-m", "Production")
    up(clone)
    up(clone, "production")
    assert clone.status() == ""
    before = {name: (clone.root / name).read_text() for name in (STACK_FILE, production)}
    assert before[STACK_FILE].splitlines()[-1] != before[production].splitlines()[-1]
    for name in before:
        (clone.root / name).unlink()
    clone.run("git", "checkout", ".")
    assert {name: (clone.root / name).read_text() for name in before} == before


def test_the_stack_of_the_same_name_in_another_backend_has_its_own(clone: Clone, tmp_path: Path) -> None:
    up(clone)
    (tmp_path / "team").mkdir()
    team = Clone(
        clone.checkout,
        {
            **clone.environment,
            "PULUMI_BACKEND_URL": (tmp_path / "team").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "what the team agreed upon",
        },
    )
    for mine in (team, clone, team):
        up(mine)
        assert mine.run("pulumi", "stack", "output", "url", "--show-secrets").strip() == "postgresql://somewhere"
        assert mine.status() == ""


def test_a_lost_state_folder_takes_its_salt_with_it(clone: Clone) -> None:
    up(clone)
    shutil.rmtree(clone.checkout.state)
    set_up(clone.checkout)
    assert not has_salt(clone)
    up(clone)
    assert has_salt(clone)
    assert clone.status() == ""


def test_no_repository_no_filter(tmp_path_factory: pytest.TempPathFactory) -> None:
    checkout = Checkout(tmp_path_factory.mktemp("unpacked"))
    salt.install_filter(checkout)
    assert list(checkout.root.iterdir()) == []
