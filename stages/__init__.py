"""The stages, room by room: every step from raw files to a trained model."""
