"""The agent ecosystem: a PostgreSQL, its schema and seeds, and backups that are proven to restore."""

import signal

import pulumi

from infra.access import DatabaseAccess
from infra.backup import BackupJob
from infra.instance import PostgresInstance
from infra.outputs import export_outputs
from infra.schema import EcosystemSchema
from infra.settings import Settings, SettingsError
from infra.storage import BackupStore

# After a failed update the engine ends this program with an interrupt: no traceback beside the real error.
signal.signal(signal.SIGINT, signal.SIG_DFL)

try:
    settings = Settings.load()
except SettingsError as error:
    raise pulumi.RunError(str(error)) from None

instance = PostgresInstance("postgres", settings)
access = DatabaseAccess("access", instance.endpoint, settings)
store = BackupStore("store", settings)
schema = EcosystemSchema("schema", access.owner, store.bucket, settings)
backup = BackupJob("backup", access.backup_reader, store.bucket, instance.programs, settings, after=[schema])

export_outputs(instance, access, store, schema)
