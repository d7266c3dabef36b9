"""Where images are baked and kept."""
