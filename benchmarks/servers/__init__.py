"""What a contract costs a server (P6): the CPU time of a uvicorn worker, with the contract and without."""
