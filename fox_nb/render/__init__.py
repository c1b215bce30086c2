"""Static HTML for notebooks: no script, no network, nothing unescaped; it stays true and readable in the saved file."""
