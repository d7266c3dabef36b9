"""What every command of Kiln has in common: errors a user sees, exit codes, progress, JSON. It knows no other room."""
