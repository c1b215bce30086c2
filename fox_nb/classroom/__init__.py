"""What a class needs: the gallery of what was handed in."""
