"""What a class needs: seats with budgets, the relay that holds the one key, the gallery of what was handed in."""
