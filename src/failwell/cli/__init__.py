"""The `failwell` command."""

from failwell.contract.extras import require

require("cli", "The failwell command")
