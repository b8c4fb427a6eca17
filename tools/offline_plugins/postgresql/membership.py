"""Roles lent to the connected user: without being superuser it may only act on what belongs to a role it is in."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tools.offline_plugins.postgresql.server import Name, Session

_SET_OPTION_SINCE = 160000


@contextmanager
def acting_as(session: Session, roles: Iterable[str]) -> Iterator[None]:
    """Make the connected user a member of `roles` for as long as the block runs.

    Superusers need no membership; a superuser role can not be lent.
    """
    user = _current_user(session)
    lent = [role for role in dict.fromkeys(roles) if role and not _may_act_as(session, role)]
    turned = [role for role in lent if _is_member(session, of=user, member=role)]
    for role in turned:  # membership may not go round in a circle
        session.run("REVOKE {} FROM {}", Name(user), Name(role))
    for role in lent:
        session.run("GRANT {} TO {}", Name(role), Name(user))
    try:
        yield
    finally:
        if not session.failed:  # a failed transaction takes it all back by itself
            for role in filter(lambda role: _exists(session, role), lent):
                session.run("REVOKE {} FROM {}", Name(role), Name(user))
            for role in filter(lambda role: _exists(session, role), turned):
                session.run("GRANT {} TO {}", Name(user), Name(role))


def _current_user(session: Session) -> str:
    row = session.row("SELECT current_user AS name")
    return str(row["name"]) if row else ""


def _may_act_as(session: Session, role: str) -> bool:
    """Say that no lending is needed, or that it is impossible, so that the statement itself says what is wrong."""
    privilege = "SET" if session.version >= _SET_OPTION_SINCE else "MEMBER"
    row = session.row(
        "SELECT rolsuper OR pg_catalog.pg_has_role(current_user, oid, %s) AS may FROM pg_catalog.pg_roles"
        " WHERE rolname = %s",
        privilege,
        role,
    )
    return row is None or bool(row["may"])


def _is_member(session: Session, *, of: str, member: str) -> bool:
    query = (
        "SELECT 1 FROM pg_catalog.pg_auth_members"
        " WHERE pg_catalog.pg_get_userbyid(roleid) = %s AND pg_catalog.pg_get_userbyid(member) = %s"
    )
    return session.row(query, of, member) is not None


def _exists(session: Session, role: str) -> bool:
    return session.row("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", role) is not None
