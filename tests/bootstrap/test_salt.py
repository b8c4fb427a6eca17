"""The salt of each clone stays out of git: docs/adr/0001."""

import shutil
from collections.abc import Callable

import pytest

from tests.bootstrap.conftest import Clone
from tools.bootstrap import salt
from tools.bootstrap.checkout import Checkout
from tools.bootstrap.setup import set_up

pytestmark = pytest.mark.e2e


def up(clone: Clone) -> None:
    """What `make up` does with the stack."""
    clone.stack().select()
    clone.run("pulumi", "up", "--yes", "--non-interactive", "--skip-preview")
    salt.keep_salt(clone.checkout)


def has_salt(clone: Clone) -> bool:
    return "encryptionsalt" in (clone.root / salt.STACK_FILE).read_text()


def test_clones_have_their_own_salt_and_a_clean_status(make_clone: Callable[[str], Clone]) -> None:
    clones = [make_clone("one"), make_clone("two with a space")]
    for clone in clones:
        up(clone)
    salts = {(clone.root / salt.STACK_FILE).read_text() for clone in clones}
    assert len(salts) == 2
    for clone in clones:
        assert has_salt(clone)
        assert clone.status() == ""
        assert clone.run("pulumi", "stack", "output", "url", "--show-secrets").strip() == "postgresql://somewhere"


def test_a_file_taken_from_git_again_gets_its_salt_back(clone: Clone) -> None:
    up(clone)
    (clone.root / salt.STACK_FILE).unlink()
    clone.run("git", "checkout", salt.STACK_FILE)
    assert has_salt(clone)
    clone.run("pulumi", "up", "--yes", "--non-interactive", "--skip-preview")
    assert clone.status() == ""


def test_a_file_without_salt_works_and_up_cleans_the_status(clone: Clone) -> None:
    up(clone)
    (clone.root / salt.KEPT_SALT).unlink()
    (clone.root / salt.STACK_FILE).unlink()
    clone.run("git", "checkout", salt.STACK_FILE)
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
    assert clone.status() == f" M {salt.STACK_FILE}\n"


def test_a_real_change_is_committed_without_the_salt(clone: Clone) -> None:
    up(clone)
    clone.run("pulumi", "config", "set", "colour", "green")
    salt.keep_salt(clone.checkout)
    assert clone.status() == f" M {salt.STACK_FILE}\n", "a change of the user's must not be staged for him"
    clone.run("git", "commit", "-q", "-a", "-m", "Colour")
    assert clone.status() == ""
    committed = clone.run("git", "show", f"HEAD:{salt.STACK_FILE}")
    assert "green" in committed
    assert "encryptionsalt" not in committed
    assert has_salt(clone)


def test_this_projects_stack_file_is_as_pulumi_writes_it(clone: Clone) -> None:
    """Otherwise the first `pulumi up` reformats it, and every clone's status is dirty."""
    before = (Checkout.here().root / salt.STACK_FILE).read_text()
    up(clone)
    assert salt.SALT_LINE.sub("", (clone.root / salt.STACK_FILE).read_text()) == salt.SALT_LINE.sub("", before)


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
