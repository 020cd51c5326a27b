"""The report: every grant of the templates in words, as HTML or as Markdown."""
