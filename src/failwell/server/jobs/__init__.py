"""Long jobs: workflows of steps in a worker process that may die."""
