"""A Supabase project a test, and pgstack to work on it."""

from tests.provider.pgstack.conftest import client, manage
from tests.supabase.fixtures import start_supabase, supabase, supabase_template

__all__ = ["client", "manage", "start_supabase", "supabase", "supabase_template"]
