"""The stack's components, the provider they use and the job they deploy."""

import os

# Read when grpc is imported. To start a program as another account takes a fork, and gRPC's own part in a fork crashes
# the child now and then.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")

# Read when pydantic is imported: every start would look through all installed packages for plug-ins.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
