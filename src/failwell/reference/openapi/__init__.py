"""OpenAPI responses, schemas and examples of a catalogue."""
