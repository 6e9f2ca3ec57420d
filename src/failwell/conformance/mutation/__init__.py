"""Mutation testing of contracts: each case deleted in each place must be noticed."""
