"""Parts and their price lists."""
