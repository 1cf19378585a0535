"""What may be asked of the stored papers."""
