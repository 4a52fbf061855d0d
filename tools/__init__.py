"""What keeps the repository and is no part of the product: makers of generated pages. Run them from its root."""
