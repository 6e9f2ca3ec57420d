"""The kit for the commands of SDKs: options, sessions, output on terminals and in pipes, exit codes."""
