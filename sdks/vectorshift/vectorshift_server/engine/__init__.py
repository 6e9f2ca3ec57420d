"""The parts of the server that an operator may exchange."""
