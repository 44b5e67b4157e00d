"""The browser's side of Flask: routes with capabilities, forms, fragments, lists. No feature."""
