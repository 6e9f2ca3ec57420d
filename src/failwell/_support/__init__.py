"""Ground tools without a word of ours in them: frozen values, lazy loading, truncation, secrets."""
