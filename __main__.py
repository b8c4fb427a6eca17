"""The agent ecosystem: a PostgreSQL, its schema and seeds, and backups that are proven to restore."""

import signal

import pulumi

from infra.quick_start import quick_start

quick_start()

from infra import environment_rules, protection  # noqa: E402
from infra.access import DatabaseAccess  # noqa: E402
from infra.backup import BackupJob  # noqa: E402
from infra.instance import PostgresInstance  # noqa: E402
from infra.outputs import export_outputs  # noqa: E402
from infra.schema import EcosystemSchema  # noqa: E402
from infra.settings import Settings, SettingsError  # noqa: E402
from infra.storage import BackupStore  # noqa: E402

# After a failed update the engine ends this program with an interrupt: no traceback beside the real error.
signal.signal(signal.SIGINT, signal.SIG_DFL)

try:
    settings = Settings.load()
    environment_rules.keep(settings)
except SettingsError as error:
    raise pulumi.RunError(str(error)) from None

if settings.protect:
    protection.protect_data()

instance = PostgresInstance("postgres", settings)
access = DatabaseAccess("access", instance.endpoint, settings)
store = BackupStore("store", settings, after=instance.checked)
schema = EcosystemSchema("schema", access.owner, store.bucket, settings)
backup = BackupJob("backup", access.backup_reader, instance.endpoint, store, instance.programs, settings, schema=schema)

export_outputs(instance, access, store, schema, backup)
