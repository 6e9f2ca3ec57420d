"""The reference page of a catalogue."""
