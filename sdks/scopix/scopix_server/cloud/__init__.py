"""Cloud storage: connections to buckets, and jobs that bring their objects here, or files there."""
