"""The page to look at: what the templates say of each grant, in words, as HTML or as Markdown."""
