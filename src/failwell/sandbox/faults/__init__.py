"""What can happen to a request, and to which: steps, rules, broken bytes."""
