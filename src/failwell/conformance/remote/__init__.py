"""An SDK that is checked in an environment of its own."""
