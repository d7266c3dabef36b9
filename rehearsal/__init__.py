"""The embedded AWS: one process that the real tools find through AWS_ENDPOINT_URL. docs/limits.md says what it cannot show."""
