"""Pictures: checked, made small, made ready for the way out; tiles and numbers for comparing them."""
