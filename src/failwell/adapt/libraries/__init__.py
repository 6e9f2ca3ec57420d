"""How each HTTP library spells its responses and exceptions, told by names: none of them is imported."""
