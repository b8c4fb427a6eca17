"""The stack's components, the provider they use and the job they deploy."""

import os

# Read when grpc is imported. To start a program as another account takes a fork, and gRPC's own part in a fork crashes
# the child now and then.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
