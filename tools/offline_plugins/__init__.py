"""Stand-ins for official Pulumi plugins, for where those can not be downloaded."""
