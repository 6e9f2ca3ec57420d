"""What a check prints and writes: terminal, JUnit."""
