"""Pages and answers from a catalogue: what each error means, when it fires and what to do then."""
