"""Other programs' files and conventions."""
