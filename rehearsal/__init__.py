"""The embedded AWS: one process that the real tools find by AWS_ENDPOINT_URL; docs/limits.md says what it lacks."""
