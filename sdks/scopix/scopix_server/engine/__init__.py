"""What looks at pictures, reads texts, answers, and looks into videos and buckets. It knows nothing of the contract."""
